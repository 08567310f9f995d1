import type { LockedPackage, LockedSet } from "./lockfile-types.ts";

/** Where each package goes: its path in the staged `node_modules` → its key. */
export type Placement = ReadonlyMap<string, string>;

/**
 * Finds a place for each package where all who need it find it. npm's own places are kept where they can be; in a
 * workspace, and for a package that lay below one that is bundled, they are made anew.
 */
export function placePackages(set: LockedSet): Placement {
  return keepPlaces(set) ?? makePlaces(set);
}

function keepPlaces({ packages, roots }: LockedSet): Placement | undefined {
  const isKept = [...packages.keys()].every((key) => key.startsWith("node_modules/"));
  const areOnTop = [...roots].every(([name, key]) => key === `node_modules/${name}`);
  if (!isKept || !areOnTop || ![...packages.keys()].every((key) => hasHome(key, packages))) return undefined;
  return new Map([...packages.keys()].sort().map((key) => [key, key]));
}

/** A package inside one that is not installed would be in nobody's way, and npm would not know it. */
function hasHome(key: string, packages: LockedSet["packages"]): boolean {
  const at = key.lastIndexOf("/node_modules/");
  return at === -1 || packages.has(key.slice(0, at));
}

/** Each as near to the top as the others let it; those that are asked for by name come first. */
function makePlaces({ packages, roots }: LockedSet): Placement {
  const places = new Map<string, string>();
  const queue: string[] = [];
  const put = (path: string, key: string) => {
    places.set(path, key);
    queue.push(path);
  };
  for (const [name, key] of roots) put(`node_modules/${name}`, key);
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const found = packages.get(places.get(path) ?? "");
    for (const { name, to } of found?.edges ?? []) {
      if (isBundledIn(found, to, packages)) put(`${path}/node_modules/${name}`, to);
      else if (lookUp(places, path, name) !== to) put(freePlace(places, path, name), to);
    }
  }
  return new Map([...places].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** It comes in its owner's own package. */
function isBundledIn(owner: LockedPackage | undefined, key: string, packages: LockedSet["packages"]): boolean {
  return packages.get(key)?.entry.inBundle === true && key.startsWith(`${owner?.key}/node_modules/`);
}

function lookUp(places: ReadonlyMap<string, string>, path: string, name: string): string | undefined {
  for (const folder of foldersAbove(path)) {
    const found = places.get(`${folder}node_modules/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** On top, where nobody has it; else below the one who needs it, where it is in nobody's sight. */
function freePlace(places: ReadonlyMap<string, string>, path: string, name: string): string {
  const top = `node_modules/${name}`;
  return places.has(top) ? `${path}/${top}` : top;
}

/** `node_modules/a/node_modules/b` → itself, `node_modules/a/`, the top. */
function foldersAbove(path: string): string[] {
  const at = path.lastIndexOf("node_modules/");
  return at <= 0 ? [`${path}/`, ""] : [`${path}/`, ...foldersAbove(path.slice(0, at - 1))];
}
