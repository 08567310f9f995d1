import type { RemoteError } from "./channel.ts";
import { toRemoteError } from "./stacks.ts";

const exit = process.exit;

/** Ends this process, without being taken for a call of the model's. */
export function exitProcess(code: number): never {
  return Reflect.apply(exit, process, [code]);
}

/**
 * Remembers where code of the model calls `process.exit()`; the answer tells of the first call.
 *
 * @param root absolute path of the project
 */
export function rememberExitCalls(root: string): () => RemoteError | undefined {
  let first: RemoteError | undefined;
  process.exit = (...args: [code?: number | string | null]): never => {
    const call = new Error(`process.exit(${args.join("")}) was called`);
    Error.captureStackTrace(call, process.exit);
    const hint = "throw an error instead: then only this request fails, or this load";
    first ??= { ...toRemoteError("MODEL_EXITED", call, root), hint };
    return Reflect.apply(exit, process, args);
  };
  return () => first;
}
