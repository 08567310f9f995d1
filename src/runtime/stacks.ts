import { dirname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type ErrorCode, isHttpError, isTrussError } from "../errors.ts";
import type { RemoteError } from "./channel.ts";

const framePattern = /(?:\(|at )(file:\/\/[^()]+|\/[^()]+|[A-Za-z]:\\[^()]+):(\d+):(\d+)\)?$/;

const unshowable = "something that cannot be shown was thrown";

/** An error as it crosses to the parent: its message, its stack and the first frame in the user's own source. */
export function toRemoteError(code: ErrorCode, error: unknown, root: string): RemoteError {
  const own = attempt(() => (isTrussError(error) ? error : undefined));
  const thrown = stackOf(error, root);
  const stack = own === undefined || thrown === undefined ? thrown : withoutTop(thrown, root);
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

/** What a log line says of it beside its message. */
export function logFields({ hint, stack }: RemoteError): Readonly<Record<string, string>> {
  return { ...(hint === undefined ? {} : { hint }), ...(stack === undefined ? {} : { exc_info: stack }) };
}

/** What was thrown, in words. Model code may throw anything, also what throws when it is looked at. */
export function messageOf(error: unknown): string {
  if (error === undefined || error === null) return `${error} was thrown`;
  const message = attempt(() =>
    error instanceof Error || hasStack(error) ? String((error as Error).message || (error as Error).name) : undefined,
  );
  return message ?? attempt(() => String(error)) ?? unshowable;
}

/** What was thrown, or an error in its place where it cannot even be looked at: a Proxy whose traps throw. */
export function presentable(thrown: unknown): unknown {
  const known = attempt(() => [thrown instanceof Error, isHttpError(thrown)]);
  return known === undefined ? new Error(unshowable) : thrown;
}

function stackOf(error: unknown, root: string): string | undefined {
  return attempt(() => (error instanceof Error || hasStack(error) ? cutStack(String(error.stack), root) : undefined));
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** Node maps the stack by the bundle's source map; the runtime's own frames below the model's are cut. */
export function cutStack(stack: string, root: string): string {
  const lines = stack.split("\n");
  const last = lines.findLastIndex((line) => isUserPath(pathOfFrame(line), root));
  const kept = last === -1 ? lines : lines.slice(0, last + 1);
  return kept.join("\n");
}

/** What is wrong with the project is told by its own frames: the runtime's, which found it, say nothing to the user. */
function withoutTop(stack: string, root: string): string {
  const lines = stack.split("\n");
  const top = lines.findIndex((line) => framePattern.test(line.trim()));
  if (top === -1) return stack;
  const first = lines.findIndex((line) => isUserPath(pathOfFrame(line), root));
  return [...lines.slice(0, top), ...(first === -1 ? [] : lines.slice(first))].join("\n");
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

const ownFolder = dirname(fileURLToPath(import.meta.url));

/** The project's own sources, and TypeScript beside it: of packages that are linked into it. */
function isUserPath(path: string, root: string): boolean {
  if (!path.startsWith(root + sep)) {
    const linked = /\.[cm]?tsx?$/.test(path) && !path.includes(`${sep}node_modules${sep}`);
    return linked && !path.startsWith(ownFolder + sep);
  }
  const inside = path.slice(root.length + 1);
  return !inside.split(sep).some((part) => part === "node_modules" || part === ".truss-ts");
}

function hasStack(error: unknown): error is { stack: unknown; message: string; name: string } {
  return typeof error === "object" && error !== null && "stack" in error && "message" in error;
}
