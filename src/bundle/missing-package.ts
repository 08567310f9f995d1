import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageName } from "./package-name.ts";

/** Says that a package is not there, and the command that brings it. */
export function describeMissingPackage(root: string, specifier: string): string {
  const name = packageName(specifier);
  if (existsSync(join(root, "node_modules", name, "package.json"))) {
    return `Package "${name}" is installed, but has no "${specifier}" to import.`;
  }
  const [tool, verb] = findInstaller(root);
  const command = isDeclared(root, name) ? `${tool} install` : `${tool} ${verb} ${name}`;
  return `Cannot find package "${name}". Run: ${command}`;
}

function findInstaller(root: string): [tool: string, verb: string] {
  if (existsSync(join(root, "pnpm-lock.yaml"))) return ["pnpm", "add"];
  if (existsSync(join(root, "yarn.lock"))) return ["yarn", "add"];
  if (existsSync(join(root, "bun.lock")) || existsSync(join(root, "bun.lockb"))) return ["bun", "add"];
  return ["npm", "install"];
}

function isDeclared(root: string, name: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    return ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].some((key) => {
      const listed: unknown =
        typeof manifest === "object" && manifest !== null ? Reflect.get(manifest, key) : undefined;
      return typeof listed === "object" && listed !== null && Object.hasOwn(listed, name);
    });
  } catch {
    return false;
  }
}
