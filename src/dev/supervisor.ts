import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { locateFault } from "../bundle/locate.ts";
import type { EndpointReport, ReloadedEvent } from "../events.ts";
import { packageRoot } from "../lib/package-root.ts";
import { serverUrl } from "../lib/url.ts";
import { projectPath } from "../lib/paths.ts";
import { findProjectRoot } from "../project/find.ts";
import type { RemoteError } from "../runtime/channel.ts";
import { startCountdown } from "./countdown.ts";
import { type Front, createFront } from "./front.ts";
import { Gate } from "./gate.ts";
import { type HowTold, bringEdit, prepareHot } from "./hot.ts";
import type { Launch } from "./model-process.ts";
import type { DevOptions } from "./options.ts";
import { createPackages } from "./packages.ts";
import { type PlaygroundState, describeState, playgroundPath } from "./playground.ts";
import { createSparePool } from "./spare.ts";
import type { Brought } from "./reign.ts";
import { Succession } from "./succession.ts";
import { createTurns } from "./turns.ts";
import { ProjectWatcher, projectFiles } from "./watch.ts";
import { type Built, Workshop, guessEnv, noSources } from "./workshop.ts";

/** How long running work may take to end when the server stops. */
const drainMs = 10_000;
/** What clients get to read the last bytes of an answer after the model has gone. */
const lastBytesMs = 2_000;

type Reload = Brought & { kind: "serving" } & HowTold & Pick<ReloadedEvent, "id" | "changed" | "ms">;

/** The dev server of one project: watches, builds, and has every edit served by a new process. */
export class Supervisor {
  readonly root: string;
  readonly #options: DevOptions;
  readonly #gate: Gate;
  readonly #succession: Succession;
  readonly #watcher: ProjectWatcher;
  readonly #packages = createPackages();
  /** What has changed since the last edit that came to serve. */
  readonly #unserved = new Set<string>();
  /** Builds run one after the other; those that are no longer the latest by their turn do not run. */
  readonly #turns = createTurns();
  #front: Front | undefined;
  #workshop: Workshop | undefined;
  #projectChanged = true;
  #latest = 0;
  #announced = false;
  #stopping: Promise<void> | undefined;
  #endpoints: readonly EndpointReport[] = [];
  #failure: RemoteError | undefined;

  /**
   * Finds the project, listens, and begins the first attempt. Requests that come before it is done wait.
   *
   * @throws TrussError PROJECT_NOT_FOUND, PORT_IN_USE, PORT_INVALID, HOST_INVALID
   */
  static async open(options: DevOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(findProjectRoot(options.dir), options);
    try {
      await supervisor.#listen();
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
    void supervisor.#attempt([]);
    return supervisor;
  }

  private constructor(root: string, options: DevOptions) {
    this.root = root;
    this.#options = options;
    this.#gate = new Gate(options.waitMs ?? 30_000);
    const spares = createSparePool(options.report);
    const launchOf = ({ env }: { env: Readonly<Record<string, string>> }) => this.#launch(env);
    this.#succession = new Succession({
      gate: this.#gate,
      spares,
      launchOf,
      report: options.report,
      inspect: options.inspect,
    });
    this.#watcher = new ProjectWatcher({
      root,
      onChange: (changed, rest) => void this.#attempt(changed, rest),
      onTrouble: (message) =>
        options.report({ event: "warning", message, hint: "files are looked at twice a second instead" }),
    });
    // Boots while the project is read. Should config.yaml add variables, another one is launched.
    spares.prepare(this.#launch(guessEnv(root)), []);
  }

  get url(): string {
    return serverUrl(this.#options.host, this.#front?.port ?? 0);
  }

  get playground(): string {
    return this.url + playgroundPath;
  }

  /** `config.yaml` as it was read last. */
  get config(): Readonly<Record<string, unknown>> {
    return this.#workshop?.project.config.raw ?? {};
  }

  /** Builds and starts the model again, edited or not. */
  reload(): void {
    this.#projectChanged = true;
    this.#packages.renew();
    void this.#attempt([]);
  }

  /** Lets running work end, within a bound, and closes everything this server has opened. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends at once whatever `stop` is waiting for. */
  async kill(): Promise<void> {
    await this.#succession.kill();
    await this.#front?.close(0);
  }

  async #listen(): Promise<void> {
    const { report, port } = this.#options;
    const front = await createFront({ ...this.#options, gate: this.#gate, describe: () => this.#describe() });
    this.#front = front;
    if (port !== 0 && front.port !== port) report({ event: "port_moved", wanted: port, port: front.port });
  }

  /** One attempt to bring what is on disk to serve. It stops quietly as soon as there is a newer one. */
  async #attempt(changed: readonly string[], rest?: Promise<void>): Promise<void> {
    if (this.#stopping !== undefined) return;
    const id = ++this.#latest;
    const [began, since] = [performance.now(), Date.now()];
    for (const file of changed) this.#unserved.add(file);
    const all = [...this.#unserved];
    const names = all.map((file) => projectPath(this.root, file)).sort();
    if (this.#announced) this.#options.report({ event: "reloading", id, changed: names });
    if (changed.some((file) => this.#rulesProject(file))) this.#projectChanged = true;
    this.#gate.hope();
    await this.#packages.notice(changed);
    const built = await this.#turns.take(() => this.#build(id, since));
    await rest;
    if (built === undefined || this.#isOld(id)) return undefined;
    if (!built.ok) return this.#fail(id, built.error);
    const how = this.#announced ? this.#options.reload : "swap";
    const [{ inputs }, succession] = [built.sources, this.#succession];
    const attempt = { id, plan: built.plan, changed: all, inputs, succession, isOld: () => this.#isOld(id) };
    const brought = await bringEdit(how, attempt);
    switch (brought.kind) {
      case "serving":
        for (const file of all) this.#unserved.delete(file);
        return this.#announce({ ...brought, id, changed: names, ms: performance.now() - began });
      case "failed":
        return this.#fail(id, locateFault(brought.error, this.root, inputs));
      case "superseded":
        return undefined;
    }
  }

  async #build(id: number, since: number): Promise<Built | undefined> {
    if (this.#isOld(id)) return undefined;
    if (this.#projectChanged || this.#workshop === undefined) {
      this.#projectChanged = false;
      const opened = await Workshop.open(this.root, this.#options);
      if (!opened.ok) {
        this.#projectChanged = true;
        return { ok: false, error: opened.error, sources: noSources };
      }
      await this.#workshop?.release();
      this.#workshop = opened.workshop;
      this.#watcher.followFolder(this.#workshop.modelFolder, this.#workshop.project.dataDir);
    }
    if (this.#isOld(id)) return undefined;
    const built = await this.#workshop.build();
    const { inputs, packageFiles } = built.sources;
    this.#packages.learn(packageFiles);
    this.#watcher.followFiles([...inputs, ...packageFiles], since);
    return this.#isOld(id) ? undefined : built;
  }

  async #announce({ kind: _kind, ...reload }: Reload): Promise<void> {
    this.#endpoints = reload.endpoints;
    this.#failure = undefined;
    // From the first word on every edit must be seen.
    await this.#watcher.ready;
    if (this.#stopping !== undefined) return;
    const { report, elapsed } = this.#options;
    if (this.#announced) return report({ event: "reloaded", how: "swap", ...reload, ms: Math.round(reload.ms) });
    this.#announced = true;
    const { endpoints } = reload;
    const { live } = this.#succession;
    if (this.#options.reload === "hot" && live !== undefined) void prepareHot(live.plan);
    report({ event: "ready", url: this.url, playground: this.playground, endpoints, ms: Math.round(elapsed()) });
  }

  async #fail(id: number, error: RemoteError): Promise<void> {
    // What failed may have been read in the middle of a save; the rest of it is then seen here.
    await this.#watcher.look();
    if (this.#isOld(id)) return;
    this.#succession.dropCandidatesBelow(id);
    this.#failure = error;
    const serving = this.#succession.hasReign;
    if (!serving) {
      this.#gate.fail(error);
      await this.#watcher.ready;
    }
    const file = error.file && isAbsolute(error.file) ? projectPath(this.root, error.file) : error.file;
    const place = file === undefined ? {} : { file };
    this.#options.report({ event: "reload_failed", id, ...error, ...place, serving });
  }

  async #stop(): Promise<void> {
    this.#gate.shut();
    const front = this.#front;
    front?.refuse();
    const stopCounting = front && startCountdown(this.#options.report, drainMs, () => front.inFlight);
    await Promise.all([this.#watcher.close(), this.#succession.drain(drainMs)]);
    await front?.close(lastBytesMs);
    stopCounting?.();
    await this.#turns.settled();
    await this.#workshop?.release();
  }

  #launch(env: Readonly<Record<string, string>>): Launch {
    const { inspect } = this.#options;
    // The debugger is opened later, and told of by us.
    const nodeOptions = inspect === undefined ? [] : ["--inspect-publish-uid=http"];
    const childFile = join(packageRoot(), "dist", "child.js");
    return { childFile, root: this.root, env, nodeOptions, edition: this.#packages.edition };
  }

  /** Whether a change of this file can make the project another one, and not only its bundle. */
  #rulesProject(file: string): boolean {
    if (file === this.#workshop?.project.modelFile && !existsSync(file)) return true;
    return basename(file) === "tsconfig.json" || (dirname(file) === this.root && projectFiles.includes(basename(file)));
  }

  #isOld(id: number): boolean {
    return id !== this.#latest || this.#stopping !== undefined;
  }

  #describe(): PlaygroundState {
    const serving = this.#gate.current !== undefined;
    return describeState(basename(this.root), this.url, this.#endpoints, serving, this.#failure?.message);
  }
}
