import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Folders of all packages that those in the given folders may load, by the name of the one that wants them. A package
 * of which two copies ran would not know its own things again.
 */
export function findDependencies(
  folders: Iterable<string>,
  dependenciesOf: (folder: string) => readonly string[],
): Map<string, string> {
  const found = new Map<string, string>();
  const left = [...folders];
  const seen = new Set(left);
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    for (const name of dependenciesOf(folder)) {
      const place = findInstalled(folder, name);
      if (place === undefined || seen.has(place)) continue;
      seen.add(place);
      found.set(place, folder);
      left.push(place);
    }
  }
  return found;
}

/** The real folder of a package as code in that folder finds it. */
export function findInstalled(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}
