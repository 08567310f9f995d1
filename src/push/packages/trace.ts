import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readFile, readlink } from "node:fs/promises";
import { dirname, join, parse, posix, resolve, sep } from "node:path";
import { TrussError, exitCodes } from "../../errors.ts";
import type { StagedFile } from "../types.ts";
import { stagedText } from "../write-staged.ts";
import { modeOf, slashed } from "./listing.ts";
import { ancestors } from "./manifests.ts";
import { type NativeCode, readNative, runsHere, runsOn } from "./native.ts";
import { type PackageTarget, targetName } from "./target.ts";
import { loadTracer } from "./tracer.ts";
import type { PackageFile, PackageLink, Packages, PackagesRequest } from "./types.ts";

type Entry = PackageFile | PackageLink;

/**
 * Copies, of the project's own `node_modules`, only the files that the built model can reach. What is machine code for
 * another platform than the target's is left out.
 *
 * @throws TrussError NOT_AVAILABLE without the tracer, PACKAGE_UNSUITABLE where what is installed does not fit
 */
export async function tracePackages(request: PackagesRequest, target: PackageTarget): Promise<Packages> {
  const { stage, report, signal } = request;
  const { root } = stage.project;
  report({ event: "step", message: "Tracing the files that the model needs of its packages" });
  const reached = await traceFiles(root, stage.files);
  signal.throwIfAborted();
  const places = placePackages(root, reached);
  requireAll(request, places);
  const entries = await dropForeign(await readEntries(places), target);
  const key = await keyOf(entries);
  return { key, read: async () => entries, close: async () => {} };
}

/** Absolute paths below any `node_modules`, links among them. */
async function traceFiles(root: string, files: readonly StagedFile[]): Promise<readonly string[]> {
  const built = await readBuilt(root, files);
  const trace = await loadTracer(root);
  const top = parse(root).root;
  const { fileList } = await trace([...built.keys()], {
    base: top,
    processCwd: root,
    ts: false,
    ignore: (path) => !built.has(join(top, path)) && !path.split(sep).includes("node_modules"),
    readFile: async (path) => built.get(path) ?? readFile(path).catch(() => null),
  });
  return [...fileList].map((path) => join(top, path)).filter((path) => !built.has(path));
}

/** The server and its workers. They are no files of the project, but must be read as if they lay there. */
async function readBuilt(root: string, files: readonly StagedFile[]): Promise<ReadonlyMap<string, string>> {
  const built = files.filter(({ path, content }) => path.endsWith("js") && content.kind === "bytes");
  return new Map(
    await Promise.all(built.map(async (file) => [join(root, file.path), await stagedText(file)] as const)),
  );
}

/** Where each file goes. What lies above the project goes one folder up, so that Node finds it after the project's own. */
function placePackages(root: string, files: readonly string[]): ReadonlyMap<string, string> {
  const homes = [join(root, "model"), ...ancestors(root)];
  const places = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const file of files) {
    const home = homes.find((folder) => file.startsWith(join(folder, "node_modules") + sep));
    if (home === undefined) continue;
    const inside = slashed(file.slice(home.length + (home.endsWith(sep) ? 0 : 1)));
    const path = home === root || home === homes[0] ? `model/${inside}` : inside;
    const twin = taken.get(path);
    if (twin !== undefined) throw twins(twin, file);
    taken.set(path, file);
    places.set(file, path);
  }
  return places;
}

function requireAll({ stage }: PackagesRequest, places: ReadonlyMap<string, string>): void {
  const paths = [...places.values()];
  const absent = (stage.installation?.packages ?? [])
    .map(({ name }) => name)
    .filter((name) => !paths.some((path) => path.includes(`node_modules/${name}/`) || path.endsWith(`/${name}`)));
  if (absent.length === 0) return;
  throw new TrussError("PACKAGE_UNSUITABLE", `No file of ${absent.join(", ")} was reached by tracing.`, {
    hint: "install the project's packages; or leave --packages trace away, and the lockfile's are installed",
  });
}

async function readEntries(places: ReadonlyMap<string, string>): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const [file, path] of places) {
    const stats = await lstat(file);
    if (stats.isSymbolicLink()) {
      const leads = resolve(dirname(file), await readlink(file));
      const mapped = mapFolder(places, leads);
      // A link to what lies outside of every node_modules is to the project's own code, which is in the bundle.
      if (mapped !== undefined)
        entries.push({ kind: "link", path, target: posix.relative(posix.dirname(path), mapped) });
    } else if (stats.isFile()) {
      const content = { kind: "file" as const, file };
      entries.push({ kind: "file", path, mode: await modeOf(file), size: stats.size, content });
    }
  }
  return entries.sort((left, right) => Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)));
}

/** Links lead to folders, and only files have places. */
function mapFolder(places: ReadonlyMap<string, string>, folder: string): string | undefined {
  for (const [file, path] of places) {
    if (file === folder) return path;
    if (file.startsWith(folder + sep)) return path.slice(0, path.length - (file.length - folder.length));
  }
  return undefined;
}

async function dropForeign(entries: readonly Entry[], target: PackageTarget): Promise<readonly Entry[]> {
  const foreign = new Map<string, { path: string; code: NativeCode }[]>();
  const fitting = new Set<string>();
  for (const entry of entries) {
    const code = entry.kind === "file" && entry.content.kind === "file" && (await readNative(entry.content.file));
    if (!code) continue;
    const owner = ownerOf(entry.path);
    if (runsOn(code, entry.path, target)) fitting.add(owner);
    else foreign.set(owner, [...(foreign.get(owner) ?? []), { path: entry.path, code }]);
  }
  // A package that has code for this machine, and none for the target, would miss it there.
  const unsuitable = [...foreign].filter(
    ([owner, files]) => !fitting.has(owner) && files.some(({ code }) => runsHere(code)),
  );
  if (unsuitable.length > 0)
    throw otherPlatform(
      unsuitable.map(([owner]) => owner),
      target,
    );
  const dropped = new Set([...foreign.values()].flat().map(({ path }) => path));
  return entries.filter(({ path }) => !dropped.has(path));
}

/** `model/node_modules/@scope/name/lib/x.node` → `@scope/name`. */
function ownerOf(path: string): string {
  const inside = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  return inside
    .split("/")
    .slice(0, inside.startsWith("@") ? 2 : 1)
    .join("/");
}

async function keyOf(entries: readonly Entry[]): Promise<string> {
  const hash = createHash("sha256").update("trace");
  for (const entry of entries) {
    const { path } = entry;
    if (entry.kind === "link") hash.update(JSON.stringify([path, entry.target]));
    else
      hash.update(
        JSON.stringify([path, entry.mode, entry.content.kind === "file" && (await hashOf(entry.content.file))]),
      );
  }
  return hash.digest("hex");
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  const pieces: AsyncIterable<Buffer> = createReadStream(file);
  for await (const bytes of pieces) hash.update(bytes);
  return hash.digest("hex");
}

function twins(one: string, other: string): TrussError {
  return new TrussError("PACKAGE_UNSUITABLE", `${one} and ${other} would have the same place in the image.`, {
    hint: "leave --packages trace away, and the lockfile's packages are installed",
    exitCode: exitCodes.validation,
  });
}

function otherPlatform(names: readonly string[], target: PackageTarget): TrussError {
  const message = `What is installed of ${names.join(", ")} is machine code for this machine, not for ${targetName(target)}.`;
  return new TrussError("PACKAGE_UNSUITABLE", message, {
    hint: "tracing copies what is installed: leave --packages trace away, or push from such a machine",
    exitCode: exitCodes.validation,
  });
}
