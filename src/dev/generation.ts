import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { EndpointReport, Reporter } from "../events.ts";
import type { FromModel, LoopBlocked, ModelStart, PatchOutcome, RemoteError } from "../runtime/channel.ts";
import { type DebugSide, createDebugSide } from "./debug-side.ts";
import { createDeferred, settlesWithin } from "./deferred.ts";
import { explainEnding } from "./ending.ts";
import { type Launch, type ModelProcess, followProcess, processOptions, silenceFd } from "./model-process.ts";
import { takePulse } from "./probe.ts";
import { type StuckPlace, locateFrames } from "./stuck-place.ts";

export type Started =
  | { readonly ok: true; readonly endpoints: readonly EndpointReport[]; readonly ms: number }
  | { readonly ok: false; readonly error: RemoteError };

/** A patch that is not in place by then has met a busy process: a new start is quicker. */
const patchWaitMs = 250;
/** How long a process may leave a liveness question unanswered before it counts as stuck in a loop. */
const stuckAfterMs = 5_000;
/** What a process gets beyond its drain timeout before it is killed. */
const killSlackMs = 1_000;
/** An idle connection to a model process is given up well before the process itself would close it. */
const idleConnectionMs = 2_000;

/** One model process and its life: launched, started once, drained or killed. */
export class Generation {
  /** Its own pool of connections: none is ever used for another generation. */
  readonly agent = new Agent({ keepAlive: true, timeout: idleConnectionMs });
  /** Resolves with how the process ended, such as `exit code 1`. */
  readonly ended: Promise<string>;
  readonly #process: ModelProcess;
  readonly #report: Reporter;
  readonly #booted = createDeferred<void>();
  readonly #started = createDeferred<Started>();
  /** Node's debugger in this process. */
  readonly debug: DebugSide;
  #port = 0;
  #active = 0;
  #entered = 0;
  #alive = true;
  #asked = false;
  #watched = false;
  #loading = false;
  #crash: RemoteError | undefined;
  #whenIdle: (() => void)[] = [];
  #patchCount = 0;
  readonly #patches = new Map<number, (outcome: PatchOutcome) => void>();

  /** Forks a model process, which boots while the caller goes on. */
  static async launch({ childFile, root, env, nodeOptions }: Launch, report: Reporter): Promise<Generation> {
    // Loaded here, and not with the file, because it is slow to load and nothing else needs it.
    const { execaNode } = await import("execa");
    const child = execaNode(childFile, [], { ...processOptions, cwd: root, env, nodeOptions });
    const outcome = child.then((result) => result.shortMessage ?? `exit code ${result.exitCode ?? 0}`);
    return new Generation(followProcess(child, outcome, report), report);
  }

  private constructor(process: ModelProcess, report: Reporter) {
    this.#process = process;
    this.#report = report;
    this.ended = process.ended.then((how) => this.#onEnd(how));
    this.debug = createDebugSide(process.send, process.ended);
    process.onMessage((message) => this.#onMessage(message));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get port(): number {
    return this.#port;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Whether it was told to leave, so that its end is no surprise. */
  get dismissed(): boolean {
    return this.#asked;
  }

  /** Whether any exchange was ever pinned to it. */
  get used(): boolean {
    return this.#entered > 0;
  }

  /** What brought the process down: in its own words, where it could still say so. */
  get crash(): RemoteError | undefined {
    return this.#crash;
  }

  /** Whether `load()` was called, which comes after the import and the constructor. */
  get loading(): boolean {
    return this.#loading;
  }

  /** Has packages imported ahead of time, so that a later start finds them loaded. */
  async preload(packages: readonly string[]): Promise<void> {
    await this.#booted.promise;
    this.#process.send({ type: "preload", packages });
  }

  /** Imports, constructs and loads the model; resolves once it serves, or with why it cannot. */
  async start(start: ModelStart, onSilence: (ms: number, place: StuckPlace) => void): Promise<Started> {
    await this.#booted.promise;
    this.#process.onSilence(({ ms, frames }) => {
      if (this.#alive && !this.#asked) onSilence(ms, locateFrames(frames, start));
    });
    this.#process.send({ type: "start", start, mode: "listen", silenceFd });
    return this.#started.promise;
  }

  /** Brings an edit under the live instance, at once or not at all. */
  async patch(code: string): Promise<PatchOutcome> {
    const number = ++this.#patchCount;
    const answer = createDeferred<PatchOutcome>();
    this.#patches.set(number, answer.resolve);
    this.#process.send({ type: "patch", number, code, before: Date.now() + patchWaitMs });
    const late = delay(patchWaitMs, refused("the model was busy"), { ref: false });
    const gone = this.ended.then(() => refused("the model's process has ended"));
    const outcome = await Promise.race([answer.promise, late, gone]);
    this.#patches.delete(number);
    return outcome;
  }

  /** Counts one exchange that is pinned to this generation; call the answer once when it is over. */
  enter(): () => void {
    this.#active += 1;
    this.#entered += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#active -= 1;
      if (this.#active === 0) for (const resume of this.#whenIdle.splice(0)) resume();
    };
  }

  /**
   * Lets everything that was begun here end, for as long as that takes within the bound, then drains.
   *
   * @param options.patient it is known to be busy, and may go on with that
   */
  async retire(options: { boundMs: number; drainMs: number; patient: boolean }): Promise<void> {
    this.#asked = true;
    if (!options.patient) void this.#watchForSilence();
    await Promise.race([this.#idle(), settlesWithin(this.ended, options.boundMs)]);
    // Who holds it at a breakpoint has all the time in the world.
    while (this.#alive && (await this.debug.isPaused())) await settlesWithin(this.ended, stuckAfterMs);
    await this.drain(options.drainMs);
  }

  /** Asks the process to finish and end; kills it when it is stuck or takes longer than it may. */
  async drain(timeoutMs: number): Promise<void> {
    this.#asked = true;
    if (!this.#alive) return;
    this.#process.send({ type: "drain", timeoutMs });
    void this.#watchForSilence();
    if (!(await settlesWithin(this.ended, timeoutMs + killSlackMs))) await this.kill();
  }

  /** Lets a process that has failed end by itself, but not for long. */
  async expire(): Promise<void> {
    this.#asked = true;
    if (!(await settlesWithin(this.ended, killSlackMs))) await this.kill();
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    this.#asked = true;
    if (this.#alive) this.#process.kill();
    await this.ended;
  }

  /** A process in an endless loop hears nothing: it is found by its silence. */
  async #watchForSilence(): Promise<void> {
    if (this.#watched) return;
    this.#watched = true;
    while (this.#alive && this.#port !== 0) {
      const silent = (await takePulse(this.#port, stuckAfterMs)) === "silent" && !(await this.debug.isPaused());
      if (silent && this.#alive) {
        this.#report({ event: "warning", message: "a model process did not answer any more, and was ended" });
        await this.kill();
      }
      await settlesWithin(this.ended, stuckAfterMs);
    }
  }

  #idle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #onMessage(message: FromModel): void {
    switch (message.type) {
      case "idle":
        return this.#booted.resolve();
      case "listening":
        this.#port = message.port;
        return;
      case "loading":
        this.#loading = true;
        return;
      case "ready":
        return this.#started.resolve({ ok: true, endpoints: message.endpoints, ms: message.ms });
      case "failed":
        this.#crash ??= message.error;
        return this.#started.resolve({ ok: false, error: message.error });
      case "patched":
        return this.#patches.get(message.number)?.(message.outcome);
      case "request_error":
        return this.#report({ event: "request_error", request_id: message.requestId, ...message.error });
      case "debugger":
        return this.debug.heard(message.url);
      case "wire_warning":
        return this.#report({ event: "wire_warning", ...message.warning });
      case "loop_blocked":
        return this.#reportBlock(message.blocked);
      case "described":
      case "returned":
      case "drained":
        return;
      default:
        return ignoreUnknown(message);
    }
  }

  #reportBlock({ requestId, ...blocked }: LoopBlocked): void {
    this.#report({ event: "loop_blocked", ...blocked, ...(requestId === undefined ? {} : { request_id: requestId }) });
  }

  #onEnd(how: string): string {
    this.#alive = false;
    this.#booted.resolve();
    const ending = { how, lastWords: this.#process.lastWords() };
    this.#started.resolve({ ok: false, error: explainEnding(ending, true) });
    this.#crash ??= explainEnding(ending, false);
    this.agent.destroy();
    return how;
  }
}

function refused(why: string): PatchOutcome {
  return { kind: "refused", why };
}

/** A newer child may say more than this side knows; the type proves that today nothing is left out. */
function ignoreUnknown(_message: never): void {}
