import { existsSync, statSync } from "node:fs";
import { dirname, extname, join, posix } from "node:path";
import { projectPath } from "../../lib/paths.ts";
import type { Project } from "../../project/types.ts";
import { type Layout, inside } from "./layout.ts";
import { placeFinder, stageRelative } from "./places.ts";
import { entryUrl } from "./preamble.ts";
import type { References, Span } from "./references.ts";
import type { Place } from "./values.ts";

export interface Edit extends Span {
  readonly text: string;
}

/** What comes of the places that sources name. */
export interface Followed {
  /** Changes of the built code: for what does not lie in the stage where it lies in the project. */
  readonly edits: readonly Edit[];
  /** Absolute paths of files and folders that must be in the stage. */
  readonly needed: ReadonlySet<string>;
  /** Absolute paths of sources that are started by themselves. */
  readonly entries: ReadonlySet<string>;
  /** Offsets of what cannot be followed, and why. */
  readonly doubts: readonly { readonly offset: number; readonly message: string; readonly hint: string }[];
}

const code = /\.[cm]?[jt]sx?$/;

/** The stage path of the built form of a source that is started by itself. */
export function startedFile(layout: Layout, source: string): string {
  const path = layout.stagePath(source);
  return extname(path) === ".mjs" ? path : `${path}.mjs`;
}

/** @param file the stage path of the built code */
export function followReferences(project: Project, layout: Layout, file: string, found: References): Followed {
  const { take, stagedOf, isHome, needed, doubts, doubtSearch } = createFollower(project, layout);
  const edits: Edit[] = [];
  const entries = new Set<string>();
  const isThere = (place: Place) => trim(place.staged) === stagedOf(place.at);

  for (const { span, place, shorthand } of found.uses) {
    if (place.at === place.source || (trim(place.at) === dirname(place.source) && isHome(place.at))) continue;
    if (!take(place, span.start) || isThere(place)) continue;
    const text = express(place, `/${layout.stagePath(place.at)}`, file);
    edits.push({ ...span, text: shorthand === undefined ? text : `${shorthand}: ${text}` });
  }
  for (const { base, from, path, place } of found.searches) {
    if (!take(place, base.start) || isThere(place)) continue;
    const origin = originOf(path, stagedOf(place.at), from.kind !== "path");
    if (origin === undefined) doubtSearch(place, base.start);
    else edits.push({ ...base, text: express(from, origin, file) });
  }
  for (const { span, place, by } of found.starts) {
    if (!code.test(place.at) || statSync(place.at, { throwIfNoEntry: false })?.isFile() !== true) {
      take(place, span.start);
      continue;
    }
    entries.add(place.at);
    const target = `/${startedFile(layout, place.at)}`;
    edits.push({ ...span, text: express({ ...place, kind: by === "Worker" ? "url" : "path" }, target, file) });
  }
  for (const { span, place, from } of found.requires) {
    if (!take(place, span.start) || isThere(place)) continue;
    edits.push({ ...span, text: JSON.stringify(stageRelative(from.staged, `/${layout.stagePath(place.at)}`)) });
  }
  return { edits, needed, entries, doubts };
}

function createFollower(project: Project, layout: Layout) {
  const needed = new Set<string>();
  const doubts: Followed["doubts"][number][] = [];
  const modelFolder = join(project.root, project.config.modelModuleDir);
  const stagedOf = (at: string) => trim(posix.normalize(`/${layout.stagePath(at)}`));
  const isHome = (at: string) => /^\/(?:data|model(?!\/(?:_project|_linked)(?:\/|$)))(?:\/|$)/.test(stagedOf(at));
  /** A folder that has the model in it, of which not all can go along. */
  const isTooMuch = (at: string) => trim(at) !== modelFolder && inside(trim(at), modelFolder) !== undefined;
  const nameOf = (at: string) => projectPath(project.root, at);
  const doubt = (offset: number, message: string) => {
    doubts.push({ offset, message, hint: "Only model/ and data/ go along as they are: keep what is read there." });
  };
  const doubtSearch = ({ at }: Place, offset: number) =>
    doubt(
      offset,
      `What is looked for in ${nameOf(at) === "." ? "the project's folder" : nameOf(at)} may not be there where the model runs.`,
    );
  return {
    needed,
    doubts,
    stagedOf,
    isHome,
    doubtSearch,
    /** Says whether the place may be changed to where it will be. */
    take(place: Place, offset: number): boolean {
      if (isTooMuch(place.at)) {
        doubtSearch(place, offset);
        return false;
      }
      if (existsSync(place.at)) needed.add(trim(place.at));
      else if (!isHome(place.at)) doubt(offset, `${nameOf(place.at)} is not there.`);
      return true;
    },
  };
}

/** Code for a place of the stage, in the built file at another. */
function express({ kind }: Place, staged: string, file: string): string {
  const relative = JSON.stringify(stageRelative(`/${file}`, staged) + (staged.endsWith("/") ? "/" : ""));
  switch (kind) {
    case "path":
      return `${placeFinder}(${relative}).filename`;
    case "href":
      return `${placeFinder}(${relative}).url`;
    case "url":
      return `new URL(${placeFinder}(${relative}).url, ${entryUrl})`;
  }
}

/** Where one must begin so that the path, which may go up first, leads to the target; nothing need be there. */
function originOf(path: string, target: string, fromFile: boolean): string | undefined {
  const parts = posix
    .normalize(path)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  const ups = parts.filter((part) => part === "..").length;
  const rest = parts.slice(ups).join("/");
  const end = rest === "" ? target : target.endsWith(`/${rest}`) ? target.slice(0, -rest.length - 1) : undefined;
  if (end === undefined) return undefined;
  return `${end}${"/_".repeat(ups)}${fromFile ? "/_" : ""}`;
}

function trim(path: string): string {
  return path.length > 1 ? path.replace(/[\\/]+$/, "") : path;
}

/** The code with the changes made, each on the lines where it was. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of edits.toSorted((left, right) => left.start - right.start)) {
    if (start < at) continue;
    const lines = text.slice(start, end).split("\n").length - 1;
    result += text.slice(at, start) + replacement + "\n".repeat(lines);
    at = end;
  }
  return result + text.slice(at);
}
