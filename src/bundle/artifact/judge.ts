import { basename } from "node:path";
import type { Project } from "../../project/types.ts";
import { findDependencies } from "./closure.ts";
import { type PackagePlace, findPackage } from "./layout.ts";
import { type PackageInfo, readPackageInfo } from "./package-signs.ts";
import type { ArtifactLog } from "./resolve.ts";
import type { BundledUse, OutsideUse } from "./types.ts";

/** What an attempt shows of packages. */
export interface Evidence {
  readonly logs: readonly ArtifactLog[];
  /** Why packages cannot be bundled, by their folders. */
  readonly signs: ReadonlyMap<string, string>;
  /** Absolute paths of the sources of which something got into the bundle. */
  readonly kept: Iterable<string>;
}

/** Knows of each package whether it stays outside, and learns from each attempt. */
export interface Judge {
  staysOutside(place: PackagePlace): boolean;
  /** Whether something was found that asks for another attempt. */
  learn(evidence: Evidence): boolean;
  describeOutside(logs: readonly ArtifactLog[]): OutsideUse[];
  describeBundled(files: Iterable<string>): BundledUse[];
}

export function createJudge(project: Project): Judge {
  const infos = new Map<string, PackageInfo>();
  const reasons = new Map<string, string>();
  const wishes = readWishes(project.config.raw);
  const infoOf = (folder: string) => {
    const info = infos.get(folder) ?? readPackageInfo(folder);
    infos.set(folder, info);
    return info;
  };
  const whyOutside = ({ name, folder }: PackagePlace) => {
    if (wishes.bundled.has(name)) return undefined;
    return wishes.outside.has(name) ? "named in config.yaml" : (reasons.get(folder) ?? infoOf(folder).why);
  };
  const note = (folder: string, why: string) => {
    const place = findPackage(folder) ?? { name: basename(folder), folder };
    if (place.name === "truss-ts" || wishes.bundled.has(place.name) || whyOutside(place) !== undefined) return;
    reasons.set(folder, why);
  };
  return {
    staysOutside: (place) => whyOutside(place) !== undefined,
    learn({ logs, signs, kept }) {
      const before = reasons.size;
      for (const [folder, why] of signs) note(folder, why);
      for (const log of logs) for (const [folder, why] of log.signs) note(folder, why);
      if (reasons.size > before) return true;
      const outside = logs.flatMap((log) => [...log.outside.keys()]);
      const shared = findDependencies(outside, (folder) => infoOf(folder).dependencies);
      for (const folder of foldersOf(kept).keys()) {
        const user = shared.get(folder);
        if (user !== undefined) note(folder, `shared with ${findPackage(user)?.name ?? basename(user)}`);
      }
      return reasons.size > before;
    },
    describeOutside(logs) {
      const all = new Map<string, { name: string; specifiers: Set<string> }>();
      for (const [folder, { name, specifiers }] of logs.flatMap((log) => [...log.outside])) {
        all.set(folder, { name, specifiers: new Set([...(all.get(folder)?.specifiers ?? []), ...specifiers]) });
      }
      const uses = [...all].map(([folder, { name, specifiers }]) => {
        const { version } = infoOf(folder);
        return { name, version, folder, why: whyOutside({ name, folder }) ?? "", specifiers: [...specifiers].sort() };
      });
      return uses.sort((left, right) => (left.name < right.name ? -1 : 1));
    },
    describeBundled(files) {
      const uses = [...foldersOf(files)].map(([folder, name]) => ({ name, version: infoOf(folder).version }));
      const unique = new Map(uses.map((use) => [`${use.name} ${use.version}`, use]));
      return [...unique].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, use]) => use);
    },
  };
}

function foldersOf(files: Iterable<string>): Map<string, string> {
  const folders = new Map<string, string>();
  for (const file of files) {
    const place = findPackage(file);
    if (place !== undefined) folders.set(place.folder, place.name);
  }
  return folders;
}

/** `model_metadata.truss_ts.packages`: where the author knows better. */
function readWishes(config: Readonly<Record<string, unknown>>) {
  const own: unknown = Reflect.get(Object(config["model_metadata"]), "truss_ts");
  const packages: unknown = Reflect.get(Object(own), "packages");
  const names = (key: string) => new Set([Reflect.get(Object(packages), key)].flat().map(String));
  return { outside: names("outside"), bundled: names("bundled") };
}
