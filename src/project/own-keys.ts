import type * as zod from "zod";
import type { SchemaKit as Kit } from "./schema-kit.ts";

/** Keys of `runtime` that Truss does not know; `model_metadata.truss_ts.runtime` takes them as well. */
export const ownRuntimeKeys = [
  "request_timeout",
  "drain_timeout",
  "streaming_keep_alive",
  "max_queue",
  "queue_timeout",
  "max_body_size",
  "max_loop_block",
  "workers",
] as const;

export function createOwnRuntime({ z, whole, seconds }: Kit) {
  return {
    request_timeout: seconds,
    drain_timeout: seconds,
    streaming_keep_alive: seconds,
    max_queue: whole(0),
    queue_timeout: seconds,
    /** Bytes. */
    max_body_size: whole(1),
    max_loop_block: seconds,
    workers: z
      .union([z.literal("auto"), z.number().int().min(1)], { error: 'must be a whole number of at least 1, or "auto"' })
      .nullish(),
  } satisfies Record<(typeof ownRuntimeKeys)[number], zod.ZodType>;
}

/** `model_metadata.truss_ts`: the one place for keys of ours that Truss lets pass. */
export function createOwnMetadata(kit: Kit) {
  const { object, texts, whole } = kit;
  return object({
    models: texts,
    stored_responses: whole(0),
    runtime: object(createOwnRuntime(kit)),
    packages: object({ outside: texts, bundled: texts }),
  });
}
