import { TrussError } from "../errors.ts";
import type { PublishRequest, Published, TargetOption } from "./types.ts";

/** The image target's flags that are answered here: `--builder`, `--dockerfile`. */
export const builderOptions: readonly TargetOption[] = [];

/** `push --target image --builder docker`: an engine builds the image from the generated Dockerfile. */
export async function publishWithBuilder(_request: PublishRequest): Promise<Published> {
  throw new TrussError("NOT_AVAILABLE", "Container engines cannot be used yet.");
}

/** `push --target image --dockerfile`: writes the Dockerfile and its context, and builds nothing. */
export async function publishDockerfile(_request: PublishRequest): Promise<Published> {
  throw new TrussError("NOT_AVAILABLE", "A Dockerfile cannot be written yet.");
}
