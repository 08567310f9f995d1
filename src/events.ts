import type { ErrorCode } from "./errors.ts";

/** One endpoint as it is reported: the method found and the route it answers. */
export interface EndpointReport {
  readonly method: string;
  readonly path: string;
}

export interface ReadyEvent {
  readonly event: "ready";
  readonly url: string;
  /** Absolute URL of the playground; `dev` only. */
  readonly playground?: string;
  readonly endpoints: readonly EndpointReport[];
  /** Milliseconds from the start of the command. */
  readonly ms: number;
}

export interface ReloadedEvent {
  readonly event: "reloaded";
  /** The number of this attempt, counted from 1 (the first start). */
  readonly id: number;
  /** Changed files, relative to the project, with forward slashes. */
  readonly changed: readonly string[];
  readonly ms: number;
  readonly endpoints?: readonly EndpointReport[];
  /** `swap`: by a new process; `hot`: under the live instance. */
  readonly how?: "swap" | "hot";
  /** With `--reload hot`: why it was this way. */
  readonly why?: string;
}

export interface ReloadFailedEvent {
  readonly event: "reload_failed";
  readonly id: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly hint?: string;
  /** The stack, mapped to the user's sources. */
  readonly stack?: string;
  /** Whether an earlier generation goes on serving. */
  readonly serving?: boolean;
}

export interface RequestEvent {
  readonly event: "request";
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Milliseconds from the request's arrival to the end of its answer. */
  readonly ms: number;
}

export interface StoppedEvent {
  readonly event: "stopped";
}

/** What scripts read: one JSON object a line on stdout with `--json`. */
export type JsonEvent = ReadyEvent | ReloadedEvent | ReloadFailedEvent | RequestEvent | StoppedEvent;

/** A change was seen and a reload has begun. */
export interface ReloadingEvent {
  readonly event: "reloading";
  readonly id: number;
  readonly changed: readonly string[];
}

/** The asked-for port was taken and another one is used. */
export interface PortMovedEvent {
  readonly event: "port_moved";
  readonly wanted: number;
  readonly port: number;
}

/** The serving model process ended by itself. */
export interface ModelExitedEvent {
  readonly event: "model_exited";
  /** Such as `exit code 1` or `signal SIGKILL`. */
  readonly how: string;
  readonly restart_in_ms: number;
  /** How often it has ended in short succession, this time included. */
  readonly times?: number;
  /** It has just been told of in the same words. */
  readonly repeated?: boolean;
  /** The error that nobody caught, or what else is known of the end; the stack is mapped to the user's sources. */
  readonly message?: string;
  readonly hint?: string;
  readonly stack?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** A model process is in one piece of synchronous code, and answers nothing else meanwhile. */
export interface ModelStuckEvent {
  readonly event: "model_stuck";
  readonly ms: number;
  readonly stack?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** It is the one that serves; else one that is being started. */
  readonly serving: boolean;
  /** Another process takes its place now. */
  readonly replaced: boolean;
}

/** Something the model printed, or a line of its log. */
export interface OutputEvent {
  readonly event: "output";
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** A method of the model threw while answering. */
export interface RequestErrorEvent {
  readonly event: "request_error";
  readonly request_id: string;
  readonly message: string;
  readonly stack?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** `dev --inspect`: the debugger's port, which stays the same for every process that comes to serve. */
export interface DebuggerEvent {
  readonly event: "debugger";
  /** The WebSocket of the first process. */
  readonly url: string;
  readonly port: number;
}

/** Code of the model kept the event loop from turning: nobody else was served meanwhile. `dev` only. */
export interface LoopBlockedEvent {
  readonly event: "loop_blocked";
  readonly ms: number;
  /** How many requests were running. */
  readonly running: number;
  /** Method and path, such as `POST /predict`, where all that ran have the same. */
  readonly request?: string;
  readonly request_id?: string;
  /** Where it was seen; the stack is mapped to the user's sources. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly stack?: string;
}

export interface WarningEvent {
  readonly event: "warning";
  readonly message: string;
  readonly hint?: string;
}

/** `dev` or `serve` was told to stop and lets running work end. */
export interface DrainingEvent {
  readonly event: "draining";
  readonly in_flight: number;
  /** How long running work may still take before it is cut. */
  readonly seconds_left?: number;
}

/** An answer of a `/v1` route that is not what the family's clients read. Once for each kind, and for each reload. */
export interface WireWarningEvent {
  readonly event: "wire_warning";
  readonly request_id: string;
  /** The method of the model, such as `chat_completions`. */
  readonly method: string;
  /** Where in the JSON, such as `choices[0].delta.content`; empty: the whole answer. */
  readonly path: string;
  readonly problem: string;
  readonly hint?: string;
}

/** A command of several steps has begun the next one. */
export interface StepEvent {
  readonly event: "step";
  /** In the present tense: `building the model`. */
  readonly message: string;
}

/** How far one long piece of work has come. */
export interface ProgressEvent {
  readonly event: "progress";
  /** What is under way; the same words each time, which tell two pieces of work apart. */
  readonly task: string;
  /** Bytes. */
  readonly done: number;
  /** Bytes, where known. */
  readonly total?: number;
}

/** A fact worth a line of its own, such as the address of a deployment that is being built. */
export interface NoteEvent {
  readonly event: "note";
  readonly message: string;
}

/** Everything that rooms report; what a person sees of it is up to the reporter. */
export type TrussEvent =
  | JsonEvent
  | ReloadingEvent
  | PortMovedEvent
  | ModelExitedEvent
  | ModelStuckEvent
  | OutputEvent
  | RequestErrorEvent
  | DebuggerEvent
  | LoopBlockedEvent
  | WireWarningEvent
  | WarningEvent
  | StepEvent
  | ProgressEvent
  | NoteEvent
  | DrainingEvent;

/** Takes events as they happen. Must not throw. */
export type Reporter = (event: TrussEvent) => void;
