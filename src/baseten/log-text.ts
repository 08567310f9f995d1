import { type LogLine, timeOf } from "./log-lines.ts";

/** `[2026-01-31 12:00:00]: (replica) message`, as Truss has it, in local time. */
export function formatLine(line: LogLine): string {
  const date = new Date(timeOf(line));
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const replica = line.replica === undefined || line.replica === null ? "" : `(${line.replica}) `;
  return `[${day} ${time}]: ${replica}${line.message.trimEnd()}`;
}
