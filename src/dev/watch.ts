import { existsSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FSWatcher } from "chokidar";
import { envFileNames } from "../project/env-files.ts";
import { configName } from "../project/find.ts";
import { type Deferred, createDeferred } from "./deferred.ts";
import { Stamps } from "./stamps.ts";

export interface WatchOptions {
  /** Absolute path of the project. */
  readonly root: string;
  /**
   * Told once for a burst of edits, with absolute paths. Where it begins with a source that is known, that is told at
   * once, and `rest` resolves when all that follows in the burst was told as well.
   */
  readonly onChange: (changed: readonly string[], rest: Promise<void>) => void;
  /** Told when the system will not watch; from then on files are looked at twice a second. */
  readonly onTrouble: (message: string) => void;
}

/** Files of the project's own folder whose change makes the project another one. */
export const projectFiles: readonly string[] = [configName, ...envFileNames, "package.json", "tsconfig.json"];

/**
 * A burst ends when nothing has happened for so long, and is not waited for beyond a bound (milliseconds). One save is
 * over at once; where several files are written, as by a checkout or a formatter, more of them may follow.
 */
const oneSave = { quiet: 3, bound: 25 };
const manyFiles = { quiet: 25, bound: 250 };
/** An editor's save can touch a draft and a backup beside the file. */
const filesOfOneSave = 3;
/** Files that are written so soon after others (milliseconds) belong to the work of a program, which goes on. */
const soonMs = 100;
/** How long a file that is gone or empty is given to come back: some editors empty or remove it before they write. */
const saveMs = 60;
const saveStepMs = 10;
const pollMs = 500;
/** When to look again after one more folder is watched, which takes effect a little later. */
const settleMs = [20, 100, 500, 2_000];

const otherPeoplesFolders = new Set(["node_modules", ".git", ".truss-ts", "__pycache__", "dist", "coverage", ".cache"]);
const passingFile =
  /^\.|~$|^#|^4913$|\.(?:sw[opx]|tmp|bak|part|log|pid|lock|db|sqlite\d?(?:-\w+)?)$|\.tmp[.-]|\.\d{4,}$/i;

/** Events that come close together. */
interface Burst {
  readonly began: number;
  readonly files: Set<string>;
  /** Of a file that was told at once. */
  rest?: Deferred<void>;
}

/**
 * Watches what a model is made of. Events only say that it is time to look: what changed is found by comparing files
 * with what they were, so that lost, doubled and early events do no harm.
 */
export class ProjectWatcher {
  readonly ready: Promise<void>;
  readonly #options: WatchOptions;
  readonly #stamps = new Stamps();
  /** Folders watched with all that is below them. */
  readonly #deep = new Set<string>();
  /** Folders watched for what is directly in them. */
  readonly #flat = new Set<string>();
  readonly #dataDirs = new Set<string>();
  readonly #touched = new Set<string>();
  #watcher: FSWatcher | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #burst: Burst | undefined;
  #changedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#flat.add(options.root);
    for (const name of projectFiles) this.#stamps.learn(join(options.root, name));
    this.ready = this.#open();
  }

  /** Watches the folder of the model's code with everything in it, but for the data, which may be a lot. */
  followFolder(folder: string, dataDir: string): void {
    this.#dataDirs.add(dataDir);
    if (this.#deep.has(folder)) return;
    this.#deep.add(folder);
    this.#watcher?.add(folder);
  }

  /**
   * Watches what went into a bundle, wherever it is.
   *
   * @param since when the build began (milliseconds, epoch): a file written later may have been read too early
   */
  followFiles(files: readonly string[], since: number): void {
    let late = false;
    for (const file of files) {
      late = this.#stamps.learn(file, since) || late;
      this.#followFolderOf(file);
    }
    if (late) this.#kick();
  }

  /** Looks now; resolves once `onChange` was told of whatever had changed. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#quiet);
    clearInterval(this.#poll);
    this.#burst?.rest?.resolve();
    await this.ready;
    await this.#watcher?.close();
  }

  async #open(): Promise<void> {
    const { watch } = await import("chokidar");
    if (this.#closed) return;
    const ignored = (path: string) => this.#isIgnored(path);
    const watcher = watch([this.#options.root, ...this.#deep, ...this.#flat], { ignored, ignoreInitial: true });
    this.#watcher = watcher;
    watcher.on("raw", (_event, path) => this.#kick(path));
    watcher.on("all", (event, path) => {
      if (!event.endsWith("Dir") && this.#isModelFile(path)) this.#touched.add(path);
      this.#kick(basename(path));
    });
    watcher.on("error", (error) => this.#pollInstead(error));
    await new Promise<void>((resolve) => watcher.once("ready", resolve));
    // Folders that became of interest meanwhile were not in the list above.
    watcher.add([...this.#deep, ...this.#flat]);
    this.#kick();
  }

  #pollInstead(error: unknown): void {
    if (this.#poll !== undefined || this.#closed) return;
    this.#poll = setInterval(() => void this.look(), pollMs);
    this.#options.onTrouble(`files cannot be watched (${error instanceof Error ? error.message : String(error)})`);
  }

  #kick(name?: string): void {
    if (this.#closed) return;
    const now = performance.now();
    const burst = (this.#burst ??= { began: now, files: new Set() });
    if (name) burst.files.add(name);
    clearTimeout(this.#quiet);
    const isOneSave = burst.files.size <= filesOfOneSave && now - this.#changedAt > soonMs;
    const { quiet, bound } = isOneSave ? oneSave : manyFiles;
    const wait = Math.max(0, Math.min(quiet, burst.began + bound - now));
    this.#quiet = setTimeout(() => void this.#endBurst(burst), wait);
    if (isOneSave && name) this.#tellAtOnce(name, burst);
  }

  async #endBurst(burst: Burst): Promise<void> {
    this.#burst = undefined;
    if (burst.rest !== undefined) this.#changedAt = performance.now();
    await this.look().finally(() => burst.rest?.resolve());
  }

  /** Most often one file is all there is to a burst: what is to be done with it begins while that shows. */
  #tellAtOnce(name: string, burst: Burst): void {
    if (burst.rest !== undefined || projectFiles.includes(name)) return;
    const changed = this.#stamps.changedOf(name).filter((file) => this.#isInModelFolder(file));
    if (changed.length === 0 || changed.some((file) => this.#stamps.isHalfWritten(file))) return;
    this.#stamps.accept(changed);
    burst.rest = createDeferred();
    this.#options.onChange(changed, burst.rest.promise);
  }

  async #lookOnce(): Promise<void> {
    let changed = this.#stamps.changed(this.#touched);
    for (
      let waited = 0;
      waited < saveMs && changed.some((file) => this.#stamps.isHalfWritten(file));
      waited += saveStepMs
    ) {
      await delay(saveStepMs);
      changed = this.#stamps.changed(this.#touched);
    }
    if (this.#closed) return;
    this.#touched.clear();
    this.#stamps.accept(changed);
    for (const file of [...changed, ...this.#stamps.missing()]) this.#followFolderOf(file);
    if (changed.length === 0) return;
    this.#changedAt = performance.now();
    this.#options.onChange(changed, Promise.resolve());
  }

  /** A file that is still to come is waited for where it would be, or as near to it as there is a folder. */
  #followFolderOf(file: string): void {
    let folder = dirname(file);
    while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
    if (this.#flat.has(folder) || [...this.#deep].some((deep) => isBelow(deep, folder))) return;
    this.#flat.add(folder);
    this.#watcher?.add(folder);
    // What happens in it before that has taken effect is told by nobody.
    for (const ms of settleMs) setTimeout(() => this.#kick(), ms).unref();
  }

  /** Only folders matter here: an event in a watched folder is reason enough to look at the files that are known. */
  #isIgnored(path: string): boolean {
    if (this.#flat.has(path) || this.#deep.has(path)) return false;
    if (this.#isInModelFolder(path)) return false;
    return ![...this.#deep, ...this.#flat].some((wanted) => isBelow(path, wanted));
  }

  /** What is in the model's folder counts even where it is no source: a model may read it. */
  #isModelFile(path: string): boolean {
    return !passingFile.test(basename(path)) && this.#isInModelFolder(path);
  }

  #isInModelFolder(path: string): boolean {
    if ([...this.#dataDirs].some((folder) => isBelow(folder, path))) return false;
    return [...this.#deep].some((deep) => isBelow(deep, path) && !inOtherPeoplesFolder(deep, path));
  }
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function inOtherPeoplesFolder(folder: string, path: string): boolean {
  return relative(folder, path)
    .split(sep)
    .some((part) => otherPeoplesFolders.has(part));
}
