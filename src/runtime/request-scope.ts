import { AsyncLocalStorage } from "node:async_hooks";

/** What the log of a model's code knows of the request that it runs for. */
export interface RequestScope {
  readonly requestId: string;
  readonly incoming?: { readonly method?: string | undefined; readonly url?: string | undefined };
}

const storage = new AsyncLocalStorage<RequestScope>();
const running = new Set<RequestScope>();
let wanted = false;
let serving = false;

/**
 * Runs a request's work so that log lines find its id. Before Node 24, following a request through its promises
 * slows each of them down, so it begins with the first line that a model logs while it answers; that first line's
 * own request is known as long as it is the only one.
 */
export function runInScope<T>(scope: RequestScope, work: () => T): T {
  return wanted ? storage.run(scope, work) : work();
}

/** The request has come, or its answer has ended. */
export function trackScope(scope: RequestScope, state: "running" | "ended"): void {
  if (state === "running") running.add(scope);
  else running.delete(scope);
}

/** Until the model is ready, a waiting request has nothing to do with what the model logs. */
export function beginScopes(): void {
  serving = true;
}

export function currentScope(): RequestScope | undefined {
  const found = storage.getStore();
  if (found !== undefined || running.size === 0 || !serving) return found;
  wanted = true;
  return running.size === 1 ? running.values().next().value : undefined;
}

/** The request whose code runs at this very moment, where that is being followed. */
export function scopeNow(): RequestScope | undefined {
  return storage.getStore();
}

/** From now on requests are followed through their promises. */
export function followScopes(): void {
  wanted = true;
}

export function listRunning(): RequestScope[] {
  return [...running];
}
