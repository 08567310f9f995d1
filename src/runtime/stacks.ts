import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type ErrorCode, isTrussError } from "../errors.ts";
import type { RemoteError } from "./channel.ts";

const framePattern = /(?:\(|at )(file:\/\/[^()]+|\/[^()]+|[A-Za-z]:\\[^()]+):(\d+):(\d+)\)?$/;

/** An error as it crosses to the parent: its message, its stack and the first frame in the user's own source. */
export function toRemoteError(code: ErrorCode, error: unknown, root: string): RemoteError {
  const own = isTrussError(error) ? error : undefined;
  const stack = error instanceof Error || hasStack(error) ? cutStack(String(error.stack), root) : undefined;
  const place = own?.file === undefined ? findUserFrame(stack, root) : own;
  return {
    code: own?.code ?? code,
    message: messageOf(error),
    ...(own?.hint === undefined ? {} : { hint: own.hint }),
    ...(stack === undefined ? {} : { stack }),
    ...(place?.file === undefined ? {} : { file: place.file }),
    ...(place?.line === undefined ? {} : { line: place.line }),
    ...(place?.column === undefined ? {} : { column: place.column }),
  };
}

export function messageOf(error: unknown): string {
  if (error instanceof Error || hasStack(error)) return (error as Error).message || (error as Error).name;
  try {
    return String(error);
  } catch {
    return "something that cannot be shown was thrown";
  }
}

/** Node maps the stack by the bundle's source map; the runtime's own frames below the model's are cut. */
export function cutStack(stack: string, root: string): string {
  const lines = stack.split("\n");
  const last = lines.findLastIndex((line) => isUserPath(pathOfFrame(line), root));
  const kept = last === -1 ? lines : lines.slice(0, last + 1);
  return kept.join("\n");
}

function findUserFrame(stack: string | undefined, root: string) {
  for (const line of stack?.split("\n") ?? []) {
    const match = framePattern.exec(line.trim());
    const path = pathOfFrame(line);
    if (match === null || !isUserPath(path, root)) continue;
    return { file: relative(root, path).split(sep).join("/"), line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

function pathOfFrame(line: string): string {
  const found = framePattern.exec(line.trim())?.[1] ?? "";
  if (!found.startsWith("file://")) return found;
  try {
    return fileURLToPath(found);
  } catch {
    return "";
  }
}

function isUserPath(path: string, root: string): boolean {
  if (!path.startsWith(root + sep)) return false;
  const inside = path.slice(root.length + 1);
  return !inside.split(sep).some((part) => part === "node_modules" || part === ".truss-ts");
}

function hasStack(error: unknown): error is { stack: unknown; message: string; name: string } {
  return typeof error === "object" && error !== null && "stack" in error && "message" in error;
}
