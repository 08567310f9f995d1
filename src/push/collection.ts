import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CopiedFile } from "../bundle/artifact.ts";
import { TrussError } from "../errors.ts";
import type { WarningEvent } from "../events.ts";
import { projectPath } from "../lib/paths.ts";
import { configName } from "../project/find.ts";
import type { Project } from "../project/types.ts";
import { type FoundFile, type LeftFile, findFile, findFiles } from "./files.ts";
import type { IgnoreRules } from "./ignore.ts";
import { listSome } from "./list-some.ts";
import type { StagedFile } from "./types.ts";

export interface Collecting {
  readonly project: Project;
  readonly rules: IgnoreRules;
  /** Absolute paths of the sources that went into the bundle. */
  readonly sources: readonly string[];
  /** What the sources name, wherever it lies. */
  readonly copies: readonly CopiedFile[];
  /** Files that config.yaml names, relative to the project. */
  readonly named: readonly string[];
}

/** Files that only those who write the model use. */
const forWriters =
  /\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]sx?$|(?:^|\/)(?:__tests__|__mocks__)\/|(?:^|\/)tsconfig[^/]*\.json$/;
const code = /\.[cm]?[jt]sx?$/;

/** The project's own files that go along: what `model/` has beside bundled code, `data/`, and what is asked for by name. */
export function collectFiles({ project, rules, sources, copies, named }: Collecting) {
  const { root, config, configFile, dataDir } = project;
  const bundled = new Set(sources.filter((source) => code.test(source)));
  const search = { root, rules, except: new Set([configFile]) };
  const withoutData = { ...search, except: new Set([configFile, dataDir, ...ownFiles(root)]) };
  const model = findFiles(withoutData, projectPath(root, join(root, config.modelModuleDir)));
  const data = findFiles(search, projectPath(root, dataDir));
  const staged = new Map<string, StagedFile>();
  const add = (file: StagedFile) => staged.set(file.path, file);
  for (const file of model.files) {
    if (!bundled.has(file.file) && !forWriters.test(file.path)) add(stageAs("model", config.modelModuleDir, file));
  }
  for (const file of data.files) add(stageAs("data", config.dataDir, file));
  for (const { from, to, named } of copies) if (named && !staged.has(to)) add(stageNamed(search, from, to));
  for (const path of named) if (!staged.has(path)) add(stageOfConfig(search, path));
  return { files: [...staged.values()], warnings: tellLeft([...model.left, ...data.left]) };
}

/** Of a project whose model lies in the project's own folder. */
function ownFiles(root: string): string[] {
  const names = ["package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb", "test"];
  return names.map((name) => join(root, name));
}

function stageAs(top: string, folder: string, found: FoundFile): StagedFile {
  const base = projectPath("/", join("/", folder));
  const inside = base === "." ? found.path : found.path.slice(base.length + 1);
  return toStaged(`${top}/${inside}`, found);
}

function toStaged(path: string, { file, size, mode }: FoundFile): StagedFile {
  return { path, mode, size, content: { kind: "file", file } };
}

type Search = Parameters<typeof findFile>[0];

/** A source reads it: left out, the model would fail where it runs. */
function stageNamed(search: Search, from: string, to: string): StagedFile {
  const path = projectPath(search.root, from);
  const found = findFile(search, path);
  if (found !== undefined) return toStaged(to, found);
  throw new TrussError("STAGE_CONFLICT", `The model's code names ${path}, which may not be pushed.`, {
    hint: `Take it out of .trussignore, or give --allow-secret ${path}, or name it no more.`,
  });
}

function stageOfConfig(search: Search, path: string): StagedFile {
  const found = existsSync(join(search.root, path)) ? findFile(search, path) : undefined;
  if (found !== undefined) return toStaged(path, found);
  throw new TrussError("STAGE_CONFLICT", `${configName} names ${path}, which is not there or may not be pushed.`, {
    file: configName,
    hint: `Correct ${configName}, or take ${path} out of .trussignore.`,
  });
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
