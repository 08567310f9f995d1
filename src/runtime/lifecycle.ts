import { setTimeout as delay } from "node:timers/promises";
import { type ErrorCode, type Fault, TrussError, isTrussError } from "../errors.ts";
import type { EndpointReport } from "../events.ts";
import type { ModelContext } from "../model/context.ts";
import type { Environment, HookMethod, ModelClass } from "../model/contract.ts";
import { type ModelDescription, describeModel } from "../model/describe.ts";
import type { EndpointMethod } from "../model/endpoints.ts";
import type { RuntimeLog } from "./log.ts";
import { messageOf } from "./stacks.ts";

export type ModelState = "loading" | "ready" | "draining" | "failed" | "closed";

export interface HostOptions {
  /** The class, or how to get at it: its own time counts as loading. */
  readonly getModel: () => Promise<ModelClass> | ModelClass;
  /** Named in messages, such as `model/model.ts`. */
  readonly modelFile: string;
  readonly createContext: (environment: Environment | null) => ModelContext;
  /** Resolves to `undefined` where no platform tells of an environment: then `setup_environment` is not called. */
  readonly readEnvironment: () => Promise<Environment | null | undefined>;
  readonly log: RuntimeLog;
  /** Told when `load()` is about to be called. */
  readonly onLoad?: () => void;
  /** Extra attempts at `load()`, a second apart. @default 0 */
  readonly loadRetries?: number;
}

/** What went wrong on the way to ready, with the phase as its code. */
export class LoadError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = "LoadError";
    this.code = isTrussError(cause) ? cause.code : code;
  }
}

/** One instance of the user's Model and its life: construct, set up, load, serve, close. */
export class ModelHost {
  readonly #options: HostOptions;
  #state: ModelState = "loading";
  #instance: object | undefined;
  #modelClass: ModelClass | undefined;
  #description: ModelDescription | undefined;
  #environment: Environment | null | undefined;
  readonly #settled: Promise<void>;
  #settle: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get state(): ModelState {
    return this.#state;
  }

  /** Known once the constructor has run. */
  get description(): ModelDescription | undefined {
    return this.#description;
  }

  get modelClass(): ModelClass | undefined {
    return this.#modelClass;
  }

  /** The environment that the model was told last. */
  get environment(): Environment | null | undefined {
    return this.#environment;
  }

  /** Resolves when loading has ended, well or not. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Brings the model to `ready`; throws a {@link LoadError} that names the phase. */
  async load(): Promise<void> {
    try {
      await this.#construct();
      await this.#phase("SETUP_FAILED", () => this.#setUp());
      await this.#phase("LOAD_FAILED", () => this.#loadWithRetries());
      if (this.#state === "loading") this.#state = "ready";
    } catch (error) {
      this.#state = "failed";
      throw error;
    } finally {
      this.#settle();
    }
  }

  /** Constructs and describes without loading; the description's faults are the answer, not an exception. */
  async describe(): Promise<{ description: ModelDescription; constructorError: unknown }> {
    const modelClass = await this.#findClass();
    try {
      await this.#construct();
    } catch (error) {
      const description = this.#description ?? describeModel(modelClass.prototype, this.#options.modelFile);
      return { description, constructorError: this.#description === undefined ? error : undefined };
    }
    return {
      description: this.#description ?? describeModel(modelClass.prototype, this.#options.modelFile),
      constructorError: undefined,
    };
  }

  /** The function behind an endpoint or hook, bound to the instance; `undefined` where the class has none. */
  method(name: EndpointMethod | HookMethod): ((...args: unknown[]) => unknown) | undefined {
    const instance = this.#instance;
    if (instance === undefined) return undefined;
    const value: unknown = Reflect.get(instance, name);
    return typeof value === "function" ? (...args) => Reflect.apply(value, instance, args) : undefined;
  }

  /** How many parameters a method declares. */
  arity(name: EndpointMethod | HookMethod): number {
    const value: unknown = this.#instance && Reflect.get(this.#instance, name);
    return typeof value === "function" ? value.length : 0;
  }

  /** `is_healthy()`, where there is one: `undefined` and `null` are no opinion, a throw or 10 s of silence are unwell. */
  async isHealthy(): Promise<boolean> {
    const check = this.method("is_healthy");
    if (check === undefined) return true;
    try {
      const verdict = await Promise.race([check(), delay(10_000, false, { ref: false })]);
      const healthy = verdict === undefined || verdict === null || Boolean(verdict);
      if (!healthy) this.#options.log.warn("Health check failed.");
      return healthy;
    } catch (error) {
      this.#options.log.warn(`Exception while checking if model is healthy: ${messageOf(error)}`);
      this.#options.log.warn("Health check failed.");
      return false;
    }
  }

  async changeEnvironment(environment: Environment | null): Promise<void> {
    this.#environment = environment;
    await this.method("setup_environment")?.(environment);
  }

  /**
   * Puts another class under the live instance, whose fields stay as they are; static values are carried over.
   *
   * @throws TrussError where the class cannot serve; then nothing has changed
   */
  adopt(modelClass: ModelClass): void {
    const [instance, old] = [this.#instance, this.#modelClass];
    if (instance === undefined || old === undefined || Object.getPrototypeOf(instance) !== old.prototype) {
      throw new Error("the instance is not of the Model class itself");
    }
    for (const [key, value] of Object.entries(Object.getOwnPropertyDescriptors(old))) {
      if (value.enumerable === true && !Object.hasOwn(modelClass, key)) Object.defineProperty(modelClass, key, value);
    }
    Object.setPrototypeOf(instance, modelClass.prototype);
    const description = describeModel(instance, this.#options.modelFile);
    const [fault] = description.faults;
    if (fault !== undefined) {
      Object.setPrototypeOf(instance, old.prototype);
      const { code, message, ...rest } = fault;
      throw new TrussError(code, message, rest);
    }
    this.#modelClass = modelClass;
    this.#description = description;
  }

  /** No new work from here on. */
  startDraining(): void {
    if (this.#state === "ready" || this.#state === "loading") this.#state = "draining";
    this.#settle();
  }

  /** Calls the model's `close()` once. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = "closed";
    this.#settle();
    await this.method("close")?.();
  }

  async #findClass(): Promise<ModelClass> {
    this.#modelClass ??= await this.#phase("IMPORT_FAILED", () => this.#options.getModel());
    return this.#modelClass;
  }

  async #construct(): Promise<void> {
    const { log, modelFile, createContext, readEnvironment } = this.#options;
    log.info("Loading truss model from file.");
    const modelClass = await this.#findClass();
    this.#environment = await this.#phase("SETUP_FAILED", readEnvironment);
    this.#instance = await this.#phase(
      "CONSTRUCTOR_FAILED",
      () => new modelClass(createContext(this.#environment ?? null)),
    );
    this.#description = describeModel(this.#instance, modelFile);
    const [fault] = this.#description.faults;
    if (fault !== undefined) throw faultError(fault);
  }

  async #setUp(): Promise<void> {
    if (this.#environment === undefined) return;
    await this.method("setup_environment")?.(this.#environment);
  }

  async #loadWithRetries(): Promise<void> {
    const { log, loadRetries = 0 } = this.#options;
    const load = this.method("load");
    if (load === undefined) return;
    log.info("Executing model.load()...");
    this.#options.onLoad?.();
    const started = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        await load();
        break;
      } catch (error) {
        if (attempt >= loadRetries || this.#state !== "loading") throw error;
        log.warn(`Failed to load model. Retrying... (${attempt + 1} of ${loadRetries}): ${messageOf(error)}`);
        await delay(1000);
      }
    }
    log.info(`Completed model.load() execution in ${Math.round(performance.now() - started)} ms`);
  }

  async #phase<T>(code: ErrorCode, work: () => Promise<T> | T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof LoadError ? error : new LoadError(code, error);
    }
  }
}

/** The endpoints that a model was found to have. */
export function endpointReports(host: ModelHost): EndpointReport[] {
  return (host.description?.endpoints ?? []).map(({ method, path }) => ({ method, path }));
}

function faultError(fault: Fault): LoadError {
  const { code, message, ...rest } = fault;
  return new LoadError(code, new TrussError(code, message, rest));
}
