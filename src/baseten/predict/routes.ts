import { parse } from "./deltas.ts";
import { callModel } from "./call.ts";
import { joinRoute } from "./target.ts";

/** What a description may have, in bytes; whatever is longer is none. */
const limit = 8 * 1024 * 1024;
const patienceMs = 5_000;

/**
 * The routes that a server says it has, by its `/openapi.json`; `undefined` where it does not say.
 *
 * @throws TrussError NETWORK_FAILED
 */
export async function listRoutes(
  base: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const late = AbortSignal.timeout(patienceMs);
  try {
    const call = { method: "GET", url: joinRoute(base, "/openapi.json"), headers } as const;
    const answer = await callModel({ ...call, signal: AbortSignal.any([signal, late]) });
    if (answer.status !== 200) return undefined;
    const description = parse(await readText(answer.body, limit));
    const paths =
      typeof description === "object" && description !== null && "paths" in description && description.paths;
    return typeof paths === "object" && paths !== null ? Object.keys(paths) : undefined;
  } catch (error) {
    // A model that computes without a pause does not answer this; its endpoint may all the same.
    if (late.aborted && !signal.aborted) return undefined;
    throw error;
  }
}

/** The beginning of a body as text; what breaks off is taken as it is. */
export async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit).toString("utf8");
}
