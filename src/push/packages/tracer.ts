import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { nodeFileTrace } from "@vercel/nft";
import { TrussError } from "../../errors.ts";

/**
 * The tracer, which only projects that want it have installed.
 *
 * @throws TrussError NOT_AVAILABLE
 */
export async function loadTracer(root: string): Promise<typeof nodeFileTrace> {
  const found = findIn(root);
  try {
    const loaded: { nodeFileTrace: typeof nodeFileTrace } = await import(found ?? "@vercel/nft");
    return loaded.nodeFileTrace;
  } catch (cause) {
    throw new TrussError("NOT_AVAILABLE", "--packages trace needs the package @vercel/nft.", {
      hint: "npm install --save-dev @vercel/nft",
      cause,
    });
  }
}

/** The project's own, wherever truss-ts itself may be installed. */
function findIn(root: string): string | undefined {
  try {
    return pathToFileURL(createRequire(join(root, "package.json")).resolve("@vercel/nft")).href;
  } catch {
    return undefined;
  }
}
