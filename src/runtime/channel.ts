import type { ErrorCode, Fault } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import type { WireWarning } from "../wire/check/inspector.ts";
import type { Environment } from "../model/contract.ts";

/** Everything a model process needs to serve one project. */
export interface ModelStart {
  /** Absolute path of the built bundle, a module that exports `Model` or a default class. */
  readonly bundle: string;
  /** Absolute path of the project; the process's working directory too. */
  readonly root: string;
  /** The model's source file as users know it, such as `model/model.ts`: for messages. */
  readonly modelFile: string;
  /** Name of the class to look for. @default "Model" */
  readonly className?: string;
  /** `config.yaml`, parsed and resolved. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dataDir: string;
  /** Overrides the platform's environment file; `null`: read the file only. */
  readonly environment: Environment | null;
}

/** An error that crossed a process boundary. Its stack is mapped to the user's sources. */
export interface RemoteError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** Code that kept the event loop from turning, so that nobody else was served meanwhile. */
export interface LoopBlocked {
  readonly ms: number;
  /** How many requests were running. */
  readonly running: number;
  /** Method and path, such as `POST /predict`, where all that ran have the same. */
  readonly request?: string;
  readonly requestId?: string;
  /** Where it was seen, with the stack there. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly stack?: string;
}

/** One call on a stack as V8 tells of it. */
export interface Frame {
  readonly name: string;
  readonly url: string;
  /** From 0, as the column. */
  readonly line: number;
  readonly column: number;
}

/** The model's thread has been in one piece of synchronous code for this long. */
export interface Silence {
  readonly ms: number;
  /** Where it is, innermost first; none where that is not JavaScript. */
  readonly frames: readonly Frame[];
}

/**
 * How a model process gets its connections: `listen` on a loopback port of its own (behind dev's proxy), or `handoff`
 * of accepted sockets from the process that owns the port (`serve` and artefacts).
 */
export type ServeMode = "listen" | "handoff";

/** What a parent tells its model process. */
export type ToModel =
  /** Get ready for a later `start`: import these packages (file URLs), rehearse a request. */
  | { readonly type: "preload"; readonly packages: readonly string[] }
  | {
      readonly type: "start";
      readonly start: ModelStart;
      readonly mode: ServeMode;
      /** Descriptor for a line of JSON, a {@link Silence}, whenever the model's thread does not come to rest. */
      readonly silenceFd?: number;
    }
  /** Construct the model and describe it without `load()`; answered by `described`, then the process exits 0. */
  | { readonly type: "describe"; readonly start: ModelStart }
  /** Bring an edit under the live instance (patchable bundles only), unless it is later than that (milliseconds, epoch). */
  | { readonly type: "patch"; readonly number: number; readonly code: string; readonly before: number }
  /** With a socket: an accepted connection and the bytes already read from it (`handoff` only). */
  | { readonly type: "connection"; readonly head: Uint8Array }
  /** Answered by `debugger`: with its URL where it could be opened. */
  | { readonly type: "debugger_open"; readonly port: number }
  | { readonly type: "debugger_close" }
  /** Finish what runs, refuse new work, call `close()`, exit 0. Past the timeout what still runs is cut. */
  | { readonly type: "drain"; readonly timeoutMs: number };

/** `refused`: the edit needs a new start; nothing has changed. `failed`: the edited class cannot serve; nor has it. */
export type PatchOutcome =
  | { readonly kind: "done"; readonly endpoints: readonly EndpointReport[] }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly error: RemoteError };

/** What a model process tells its parent. */
export type FromModel =
  /** The process is up and can take a `start`. */
  | { readonly type: "idle" }
  /** HTTP is answered on 127.0.0.1 at this port (`listen` only); the model may still be loading. */
  | { readonly type: "listening"; readonly port: number }
  /** `load()` has been called. */
  | { readonly type: "loading" }
  | { readonly type: "ready"; readonly endpoints: readonly EndpointReport[]; readonly ms: number }
  | {
      readonly type: "described";
      readonly endpoints: readonly EndpointReport[];
      readonly hooks: readonly string[];
      /** Methods that have a schema. */
      readonly schemas: readonly string[];
      readonly faults: readonly Fault[];
    }
  /** The model cannot serve; the process exits by itself with a code other than 0. */
  | { readonly type: "failed"; readonly error: RemoteError }
  | { readonly type: "patched"; readonly number: number; readonly outcome: PatchOutcome }
  /** A request's method threw. */
  | { readonly type: "request_error"; readonly requestId: string; readonly error: RemoteError }
  | { readonly type: "debugger"; readonly url: string | undefined }
  /** An answer that its family's clients would stumble over. */
  | { readonly type: "wire_warning"; readonly warning: WireWarning }
  | { readonly type: "loop_blocked"; readonly blocked: LoopBlocked }
  /** With a socket: a keep-alive connection that has been idle (`handoff` only). */
  | { readonly type: "returned" }
  | { readonly type: "drained" };
