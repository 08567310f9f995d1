import { asList, asObject, asString } from "./json.ts";
import type { BaseImage } from "./types.ts";

/** The C library of a base, told by how it was made: Alpine's is musl, nearly everybody else's glibc. */
export function libcOf({ config }: BaseImage): "glibc" | "musl" {
  const steps = asList(config["history"]).map((step) => asString(asObject(step)?.["created_by"]) ?? "");
  return steps.some((step) => /\balpine-minirootfs\b|\bapk add\b/.test(step)) ? "musl" : "glibc";
}
