import { join } from "node:path";
import type { WarningEvent } from "../events.ts";
import { projectPath } from "../lib/paths.ts";
import type { Project } from "../project/types.ts";
import { type FoundFile, type LeftFile, findFiles } from "./files.ts";
import type { IgnoreRules } from "./ignore.ts";
import { listSome } from "./list-some.ts";
import type { StagedFile } from "./types.ts";

export interface Collecting {
  readonly project: Project;
  readonly rules: IgnoreRules;
  /** Absolute paths that are no part of the project. */
  readonly except: readonly string[];
  /** Absolute paths of the sources that went into the bundle. */
  readonly sources: readonly string[];
}

/** Files that only those who write the model use. */
const forWriters = /\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]sx?$|(?:^|\/)tsconfig[^/]*\.json$/;
const code = /\.[cm]?[jt]sx?$/;

/** The project's own files that go along: what `model/` has beside bundled code, and `data/`. */
export function collectFiles({ project, rules, except, sources }: Collecting) {
  const { root, config, configFile, dataDir } = project;
  const bundled = new Set(sources.filter((source) => code.test(source)));
  const search = { root, rules, except: new Set([...except, configFile]) };
  const withoutData = { ...search, except: new Set([...search.except, dataDir, ...ownFiles(root)]) };
  const model = findFiles(withoutData, projectPath(root, join(root, config.modelModuleDir)));
  const data = findFiles(search, projectPath(root, dataDir));
  const inModel = model.files.filter(({ path, file }) => !bundled.has(file) && !forWriters.test(path));
  return {
    files: [
      ...inModel.map((file) => stageAs("model", config.modelModuleDir, file)),
      ...data.files.map((file) => stageAs("data", config.dataDir, file)),
    ],
    warnings: tellLeft([...model.left, ...data.left]),
  };
}

/** Of a project whose model lies in the project's own folder. */
function ownFiles(root: string): string[] {
  const names = ["package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb", "test"];
  return names.map((name) => join(root, name));
}

function stageAs(top: string, folder: string, { path, file, size, mode }: FoundFile): StagedFile {
  const base = projectPath("/", join("/", folder));
  const inside = base === "." ? path : path.slice(base.length + 1);
  return { path: `${top}/${inside}`, mode, size, content: { kind: "file", file } };
}

function tellLeft(left: readonly LeftFile[]): WarningEvent[] {
  const warn = (why: LeftFile["why"], about: string, hint: string): WarningEvent[] => {
    const paths = left.filter((file) => file.why === why).map(({ path }) => path);
    return paths.length === 0 ? [] : [{ event: "warning", message: `${about}: ${listSome(paths)}`, hint }];
  };
  return [
    ...warn(
      "private",
      "Left out, as such names belong to secrets",
      "name them in .trussignore to be told no more, or stage one with --allow-secret <path>",
    ),
    ...warn("special", "Left out, as they are no files", "name them in .trussignore to be told no more"),
  ];
}
