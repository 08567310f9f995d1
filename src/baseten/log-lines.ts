/** One line of a deployment's log, as the API gives it. */
export interface LogLine {
  /** Nanoseconds since 1970, in digits: more than a number holds. */
  readonly timestamp: string;
  readonly message: string;
  readonly replica?: string | null;
  readonly request_id?: string | null;
  readonly level?: string | null;
}

export const logLevels = ["debug", "info", "warning", "error"] as const;

/** Which lines are wanted; all of it is the server's to apply. */
export interface LogFilter {
  readonly minLevel?: (typeof logLevels)[number] | undefined;
  /** Case-sensitive texts that must be in a line. */
  readonly includes?: readonly string[] | undefined;
  readonly excludes?: readonly string[] | undefined;
  /** A regular expression in RE2's form. */
  readonly searchPattern?: string | undefined;
  /** The five characters that name a replica. */
  readonly replica?: string | undefined;
  readonly requestId?: string | undefined;
}

/** One page of lines, oldest first. Times are milliseconds since 1970; both ends are inside. */
export interface LogQuery extends LogFilter {
  readonly startMs: number;
  readonly endMs?: number | undefined;
  /** At most {@link pageSize}. */
  readonly limit: number;
}

/** What the server gives at once, at most. */
export const pageSize = 1_000;

/** The query string of `GET …/logs`. */
export function logParameters(query: LogQuery): URLSearchParams {
  const parameters = new URLSearchParams({ direction: "asc", limit: String(query.limit) });
  parameters.set("start_epoch_millis", String(query.startMs));
  if (query.endMs !== undefined) parameters.set("end_epoch_millis", String(query.endMs));
  const one = { replica: query.replica, request_id: query.requestId, search_pattern: query.searchPattern };
  const named = { min_level: query.minLevel?.toUpperCase(), ...one };
  for (const [name, value] of Object.entries(named)) if (value !== undefined) parameters.set(name, value);
  for (const text of query.includes ?? []) parameters.append("includes", text);
  for (const text of query.excludes ?? []) parameters.append("excludes", text);
  return parameters;
}

/** The lines of an answer of `GET …/logs`. What is no line is left out. */
export function toLogLines(answer: unknown): readonly LogLine[] {
  const logs = typeof answer === "object" && answer !== null && "logs" in answer ? answer.logs : undefined;
  return Array.isArray(logs) ? logs.filter(isLogLine) : [];
}

function isLogLine(value: unknown): value is LogLine {
  if (typeof value !== "object" || value === null || !("timestamp" in value) || !("message" in value)) return false;
  return typeof value.timestamp === "string" && /^\d+$/.test(value.timestamp) && typeof value.message === "string";
}

/** Milliseconds since 1970, rounded down. */
export function timeOf({ timestamp }: LogLine): number {
  return Number(BigInt(timestamp) / 1_000_000n);
}

/** By time; lines of the same moment stay as they are. */
export function compareLines(left: LogLine, right: LogLine): number {
  const difference = BigInt(left.timestamp) - BigInt(right.timestamp);
  return difference < 0n ? -1 : Number(difference > 0n);
}

/** The same line in two answers has the same one. */
export function keyOf({ timestamp, replica, message }: LogLine): string {
  return `${timestamp} ${replica ?? ""} ${message}`;
}
