import { format } from "node:util";
import type { ModelLog } from "../model/context.ts";
import { currentScope } from "./request-scope.ts";
import { messageOf } from "./stacks.ts";

export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR";

/** Where log lines go. Never to the client. */
export interface RuntimeLog extends ModelLog {
  readonly write: (level: LogLevel, message: string, extra?: Readonly<Record<string, unknown>>) => void;
}

export interface LogOptions {
  /** `json`: one object a line, as Truss writes them; `plain`: the message only (dev shows the rest). */
  readonly form: "json" | "plain";
  readonly debug?: boolean;
  readonly sink?: (line: string) => void;
}

export function createLog(options: LogOptions): RuntimeLog {
  const sink = options.sink ?? ((line: string) => void process.stderr.write(line));
  const write = (level: LogLevel, message: string, extra: Readonly<Record<string, unknown>> = {}) => {
    if (level === "DEBUG" && options.debug !== true) return;
    sink(options.form === "json" ? jsonLine(level, message, extra) : plainLine(level, message, extra));
  };
  const at =
    (level: LogLevel) =>
    (...values: unknown[]) =>
      write(level, formatSafely(values));
  return { write, debug: at("DEBUG"), info: at("INFO"), warn: at("WARNING"), error: at("ERROR") };
}

/** What a model logs may throw when it is looked at, as an error whose `stack` is a getter; a line is no reason to fail. */
function formatSafely(values: readonly unknown[]): string {
  try {
    return format(...values);
  } catch {
    return values.map((value) => (typeof value === "string" ? value : messageOf(value))).join(" ");
  }
}

/** Sends what model code prints through `console` to the log, with the id of the request it runs for. */
export function captureConsole(log: ModelLog): void {
  console.log = log.info;
  console.info = log.info;
  console.debug = log.debug;
  console.warn = log.warn;
  console.error = log.error;
}

function jsonLine(level: LogLevel, message: string, extra: Readonly<Record<string, unknown>>): string {
  const requestId = currentScope()?.requestId;
  const line = {
    asctime: timestamp(new Date()),
    levelname: level,
    message,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...extra,
  };
  return `${JSON.stringify(line)}\n`;
}

function plainLine(level: LogLevel, message: string, extra: Readonly<Record<string, unknown>>): string {
  const stack = typeof extra["exc_info"] === "string" ? `\n${extra["exc_info"]}` : "";
  return `${level === "INFO" ? "" : `${level} `}${message}${stack}\n`;
}

/** `2026-01-31 09:05:07,042`, in UTC. */
function timestamp(date: Date): string {
  return date.toISOString().replace("T", " ").replace(".", ",").slice(0, 23);
}
