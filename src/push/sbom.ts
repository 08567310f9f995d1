import { TrussError } from "../errors.ts";
import type { Platform } from "./platform.ts";
import type { Stage } from "./types.ts";

/** The bill of materials of a stage, as the bytes of a CycloneDX 1.6 document: the same for the same stage. */
export async function createSbom(_stage: Stage, _platform: Platform): Promise<Uint8Array> {
  throw new TrussError("NOT_AVAILABLE", "A bill of materials cannot be made yet.", { hint: "give --no-sbom" });
}
