import type { Command } from "commander";
import type { ExitCode } from "../errors.ts";

/** The signals that ask a long-running command to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** What a command may touch of the outside world. Only `cli.ts` makes one. */
export interface CommandIo {
  /** Writes to stdout: the result. */
  readonly stdout: (text: string | Uint8Array) => void;
  /** Writes to stderr: the story. */
  readonly stderr: (text: string) => void;
  readonly setExitCode: (code: ExitCode) => void;
  /** stdin and stdout are terminals, and `CI` is not set. `--non-interactive` is the command's own to read. */
  readonly isTty: boolean;
  /** stdout is a terminal: a person looks at the result. */
  readonly showsResult: boolean;
  /** stderr is a terminal that wants colours. */
  readonly hasColors: boolean;
  /** How wide stderr's terminal is at the moment. */
  readonly columns: () => number | undefined;
  /** Calls the handler for each stop signal, with how many have come; returns the way to stop listening. */
  readonly onStopSignal: (handler: (signal: StopSignal, count: number) => void) => () => void;
  /** Aborts when nobody reads stdout any more, as after `| head`. */
  readonly readerGone: AbortSignal;
  /** All of stdin; `undefined` where there is more than that many bytes. */
  readonly readStdin: (limit: number, signal: AbortSignal) => Promise<Uint8Array | undefined>;
  /** Milliseconds since the process started. */
  readonly elapsed: () => number;
}

/** The options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  /** commander's form of `--non-interactive`. */
  readonly nonInteractive?: boolean;
}

/** Adds the options that every command has. `neverAsk` says what comes of an answer that is missing. */
export function withCommonOptions(command: Command, neverAsk = "never ask; fail where an answer is missing"): Command {
  return command.option("--json", "print machine-readable JSON on stdout").option("--non-interactive", neverAsk);
}
