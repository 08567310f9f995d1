import type { Project } from "../../project/types.ts";
import type { Attempt } from "./build.ts";
import { type PackageInfo, readPackageInfo } from "./package-signs.ts";
import type { PackagePlace } from "./layout.ts";
import type { ArtifactLog } from "./resolve.ts";
import type { OutsideUse } from "./types.ts";

/** Knows of each package whether it stays outside, and learns from each attempt. */
export interface Judge {
  staysOutside(place: PackagePlace): boolean;
  /** Whether something was found that asks for another attempt. */
  learn(attempt: Attempt): boolean;
  infoOf(folder: string): PackageInfo;
  describeOutside(log: ArtifactLog): OutsideUse[];
}

export function createJudge(project: Project): Judge {
  const infos = new Map<string, PackageInfo>();
  const reasons = new Map<string, string>();
  void project;
  const infoOf = (folder: string) => {
    const info = infos.get(folder) ?? readPackageInfo(folder);
    infos.set(folder, info);
    return info;
  };
  const whyOutside = (place: PackagePlace) => reasons.get(place.folder) ?? infoOf(place.folder).why;
  return {
    infoOf,
    staysOutside: (place) => whyOutside(place) !== undefined,
    learn({ log }) {
      const before = reasons.size;
      for (const [folder, why] of log.signs) if (!reasons.has(folder)) reasons.set(folder, why);
      return reasons.size > before;
    },
    describeOutside(log) {
      const uses = [...log.outside].map(([folder, { name, specifiers }]) => ({
        name,
        version: infoOf(folder).version,
        folder,
        why: whyOutside({ name, folder }) ?? "",
        specifiers: [...specifiers].sort(),
      }));
      return uses.sort((left, right) => (left.name < right.name ? -1 : 1));
    },
  };
}
