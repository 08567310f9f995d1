import { isAbsolute, join, relative, sep } from "node:path";

/** A file as users know it: relative to the project, with forward slashes. Files outside keep their way out (`../`). */
export function projectPath(root: string, file: string): string {
  const path = relative(root, file);
  return path === "" ? "." : path.split(sep).join("/");
}

/** Whether a path from a config file stays inside the folder it is resolved against. */
export function staysInside(root: string, path: string): boolean {
  const [first] = relative(root, join(root, path)).split(sep);
  return !isAbsolute(path) && first !== "..";
}
