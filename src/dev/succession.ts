import { setTimeout as delay } from "node:timers/promises";
import type { Reporter } from "../events.ts";
import type { Patch } from "../bundle/hot/patch.ts";
import { createBackoff } from "./backoff.ts";
import { type Debugger, createDebugger } from "./debugger.ts";
import { createEndReport } from "./end-report.ts";
import type { Gate } from "./gate.ts";
import type { Generation, Started } from "./generation.ts";
import type { Launch } from "./model-process.ts";
import { tellOfSlowStart } from "./slow-start.ts";
import type { Brought, Reign } from "./reign.ts";
import { Retirement } from "./retirement.ts";
import type { SparePool } from "./spare.ts";
import type { StuckPlace } from "./stuck-place.ts";
import type { Plan } from "./workshop.ts";

export interface SuccessionOptions {
  readonly gate: Gate;
  readonly spares: SparePool;
  readonly launchOf: (plan: Plan) => Launch;
  readonly report: Reporter;
  readonly inspect: number | "any" | undefined;
}

/** What requests wait at most for one that has died of a request. */
const usedWaitMs = 250;
/** A serving process that is busy for this long without a pause gets another one at its side. */
const standInMs = 30_000;
/** The first answers of a new generation come before the next spare, whose start takes a processor for a while. */
const spareDelayMs = 50;
/** In a storm of edits the first candidate is let through, or nothing new would ever serve. */
const candidateLimit = 2;

/** Which generation serves: ready before it becomes current, drained before it ends, brought back when it dies. */
export class Succession {
  readonly #options: SuccessionOptions;
  readonly #backoff = createBackoff();
  readonly #candidates: { readonly id: number; readonly generation: Generation }[] = [];
  /** The last good model's next processes: an edit that fails does not touch them. */
  readonly #restoring = new Set<Generation>();
  readonly #reportEnd: ReturnType<typeof createEndReport>;
  readonly #retirement = new Retirement();
  readonly #debugger: Debugger;
  /** One for each process that was launched, until it has ended. */
  readonly #lives = new Set<Promise<void>>();
  #reign: Reign | undefined;
  #over = false;

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#reportEnd = createEndReport(options.report);
    this.#debugger = createDebugger(options.inspect, options.report);
  }

  /** Whether there is a last good model: one that serves, or is being brought back. */
  get hasReign(): boolean {
    return this.#reign !== undefined;
  }

  /** What an edit could be brought into while it serves. */
  get live(): { readonly plan: Plan; readonly added: ReadonlySet<string> } | undefined {
    return this.#reign?.generation.alive === true ? this.#reign : undefined;
  }

  /** Brings an edit under the live instance. */
  async patch(id: number, plan: Plan, { code, adds }: Patch): Promise<Brought | { kind: "refused"; why: string }> {
    const reign = this.#reign;
    if (reign === undefined) return { kind: "superseded" };
    const outcome = await reign.generation.patch(code);
    if (this.#over) return { kind: "superseded" };
    if (outcome.kind !== "done") return outcome;
    if (this.#reign !== reign) return { kind: "refused", why: "the model's process has changed meanwhile" };
    this.dropCandidatesBelow(id);
    for (const name of adds) reign.added.add(name);
    const { letGo } = reign;
    Object.assign(reign, { id, plan, letGo: plan.workshop.hold(plan.start.bundle) });
    void letGo();
    return { kind: "serving", endpoints: outcome.endpoints };
  }

  /** Starts a generation and, once it is ready, lets it take over. */
  async bring(id: number, plan: Plan): Promise<Brought> {
    const { generation, started, wanted } = await this.#try(id, plan);
    if (!wanted || id < (this.#reign?.id ?? 0)) {
      void generation.kill();
      return { kind: "superseded" };
    }
    if (!started.ok) {
      void generation.expire();
      return { kind: "failed", error: started.error };
    }
    this.dropCandidatesBelow(id);
    this.#enthrone({ id, plan, generation, letGo: plan.workshop.hold(plan.start.bundle), added: new Set() });
    return { kind: "serving", endpoints: started.endpoints };
  }

  /** A newer attempt has failed: older ones that are still loading are not wanted any more. */
  dropCandidatesBelow(id: number): void {
    const dropped = this.#candidates.filter((candidate) => candidate.id < id);
    for (const candidate of dropped) {
      this.#candidates.splice(this.#candidates.indexOf(candidate), 1);
      void candidate.generation.kill();
    }
  }

  #dropAll(): void {
    this.dropCandidatesBelow(Number.POSITIVE_INFINITY);
    for (const generation of this.#restoring) void generation.kill();
  }

  /** Lets everything end within the time. */
  async drain(timeoutMs: number): Promise<void> {
    this.#over = true;
    this.#dropAll();
    const leaving = [...this.#retirement.all, ...(this.#reign === undefined ? [] : [this.#reign.generation])];
    await Promise.all([this.#options.spares.close(), ...leaving.map((generation) => generation.drain(timeoutMs))]);
    await Promise.all(this.#lives);
    await this.#reign?.letGo();
    this.#reign = undefined;
  }

  async kill(): Promise<void> {
    this.#over = true;
    this.#dropAll();
    await Promise.all(this.#retirement.all.map((generation) => generation.kill()));
    await this.#reign?.generation.kill();
  }

  /** Starts a candidate; it is wanted unless it was dropped meanwhile. */
  async #try(id: number, plan: Plan): Promise<{ generation: Generation; started: Started; wanted: boolean }> {
    const generation = await this.#launch(plan);
    for (const { generation: between } of this.#candidates.splice(candidateLimit - 1)) void between.kill();
    const candidate = { id, generation };
    this.#candidates.push(candidate);
    if (this.#over) this.dropCandidatesBelow(Number.POSITIVE_INFINITY);
    const started = await this.#start(generation, plan);
    const at = this.#candidates.indexOf(candidate);
    if (at !== -1) this.#candidates.splice(at, 1);
    return { generation, started, wanted: at !== -1 };
  }

  /** Starts the last good model once more; it is wanted unless an edit has taken its place. */
  async #restore(reign: Reign): Promise<{ generation: Generation; started: Started; wanted: boolean }> {
    const { plan } = reign;
    const isWanted = () => this.#reign === reign && reign.plan === plan && !this.#over;
    const generation = await this.#launch(plan);
    this.#restoring.add(generation);
    if (!isWanted()) void generation.kill();
    const started = await this.#start(generation, plan);
    this.#restoring.delete(generation);
    return { generation, started, wanted: isWanted() };
  }

  async #start(generation: Generation, plan: Plan): Promise<Started> {
    // Where nothing serves, a load may be what is to be debugged.
    if (!this.#options.gate.current) this.#debugger.follow(generation);
    const stopTelling = tellOfSlowStart(this.#options.report, generation, () => this.hasReign);
    const started = await generation.start(plan.start, (ms, place) => this.#onSilence(generation, ms, place));
    stopTelling();
    return started;
  }

  async #launch(plan: Plan): Promise<Generation> {
    const letGo = plan.workshop.hold(plan.start.bundle);
    const launched = this.#options.spares.take(this.#options.launchOf(plan));
    const life: Promise<void> = launched
      .then((generation) => generation.ended)
      .then(letGo)
      .finally(() => this.#lives.delete(life));
    this.#lives.add(life);
    return launched;
  }

  #enthrone(reign: Reign): void {
    const old = this.#reign;
    this.#reign = reign;
    this.#options.gate.open(reign.generation);
    this.#backoff.reset();
    this.#followReign(reign);
    this.#retirement.hurryBusy();
    for (const generation of this.#restoring) void generation.kill();
    if (old === undefined) return;
    void old.letGo();
    void this.#retirement.add(old.generation);
  }

  #followReign(reign: Reign): void {
    this.#debugger.follow(reign.generation);
    const prepare = () => this.#options.spares.prepare(this.#options.launchOf(reign.plan), reign.plan.packages);
    setTimeout(prepare, spareDelayMs).unref();
    void reign.generation.ended.then((how) => {
      if (this.#reign === reign && !this.#over) void this.#bringBack(reign, how);
    });
  }

  #onSilence(generation: Generation, ms: number, place: StuckPlace): void {
    const serving = this.#reign?.generation === generation;
    const replaced = serving && ms >= standInMs;
    this.#options.report({ event: "model_stuck", ms: Math.round(ms), ...place, serving, replaced });
    if (replaced) void this.#standIn();
  }

  /** Requests go to a second process of the same bundle; what the first one has begun may still end. */
  async #standIn(): Promise<void> {
    const busy = this.#reign;
    if (busy === undefined || this.#over) return;
    this.#options.gate.vacate(busy.generation);
    const { generation, started, wanted } = await this.#restore(busy);
    if (!wanted || !started.ok) {
      if (this.#reign === busy && busy.generation.alive) this.#options.gate.open(busy.generation);
      return void generation.kill();
    }
    this.#reign = { ...busy, generation, added: new Set() };
    this.#options.gate.open(generation);
    this.#followReign(this.#reign);
    return this.#retirement.add(busy.generation, true);
  }

  /** The serving process has died: the same bundle is started again, until it serves or an edit takes its place. */
  async #bringBack(dead: Reign, how: string): Promise<void> {
    this.#options.gate.vacate(dead.generation);
    let crash = dead.generation.crash;
    // One that died of a request is wanted back soon; one that dies on its own is given ever more time.
    let longest = dead.generation.used ? usedWaitMs : Number.POSITIVE_INFINITY;
    for (;;) {
      const wait = Math.min(this.#backoff.next(), longest);
      this.#reportEnd({ how, crash, waitMs: wait, times: this.#backoff.count });
      if (wait > 0) await delay(wait);
      if (this.#over || this.#reign !== dead) return;
      const { generation, started, wanted } = await this.#restore(dead);
      if (!wanted) return void generation.kill();
      if (started.ok) {
        this.#reign = { ...dead, generation, added: new Set() };
        this.#options.gate.open(generation);
        return this.#followReign(this.#reign);
      }
      void generation.expire();
      [how, crash, longest] = [started.error.message, started.error, Number.POSITIVE_INFINITY];
    }
  }
}
