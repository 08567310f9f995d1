import { isAbsolute, relative, sep } from "node:path";

/** A file as users know it: relative to the project, with forward slashes. Files outside keep their way out (`../`). */
export function projectPath(root: string, file: string): string {
  const path = relative(root, file);
  return path === "" ? "." : path.split(sep).join("/");
}

/** Whether a path from a config file stays inside the folder it is resolved against. */
export function staysInside(root: string, path: string): boolean {
  return !isAbsolute(path) && !relativeParts(root, path).startsWith("..");
}

function relativeParts(root: string, path: string): string {
  return relative(root, `${root}${sep}${path}`);
}
