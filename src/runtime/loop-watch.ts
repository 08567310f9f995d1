import type { LoopBlocked } from "./channel.ts";
import { isDebugged } from "./debugger.ts";
import type { Watcher } from "./parent-watch.ts";
import { type RequestScope, followScopes, listRunning, scopeNow } from "./request-scope.ts";
import { toRemoteError } from "./stacks.ts";

/** Beyond this, the others that are being served notice. */
const blockedMs = 100;
const beatMs = 50;
/** The same place is not told of again before this time is over. */
const silenceMs = 10_000;
/** Where nobody saw what ran, it must have been longer, and computing, or the machine was merely busy. */
const unseenMs = 250;
const computingShare = 0.6;
const deepest = 60;
/** Tells the other thread not to look. */
const noBeat = -1;
const seeName = "truss-ts.see";

/** What was seen in the middle of a block. */
interface Sight {
  /** Made there, so that its stack says what ran. */
  readonly error: Error;
  readonly scope: RequestScope | undefined;
  readonly running: readonly RequestScope[];
}

/**
 * Tells of code that keeps the event loop from turning: how long, for which request and, as far as it could be seen
 * from another thread, at which place. Costs a timer; nothing at all for a request.
 */
export function watchLoop(watcher: Watcher, root: string, tell: (blocked: LoopBlocked) => void): void {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const told = new Map<string, number>();
  let sight: Sight | undefined;
  let count = 0;
  let last = performance.now();
  let cpu = process.cpuUsage();

  Reflect.set(globalThis, Symbol.for(seeName), () => {
    sight = look();
  });
  const question = `globalThis[Symbol.for(${JSON.stringify(seeName)})]()`;
  watcher.askWhenStuck({ beats, quietMs: blockedMs, everyMs: beatMs, question });

  const beat = () => {
    const now = performance.now();
    const ms = Math.round(now - last - beatMs);
    if (ms >= blockedMs) {
      const used = process.cpuUsage(cpu);
      const computed = (used.user + used.system) / 1000 >= ms * computingShare;
      const blocked = judge(ms, sight, computed, root);
      if (blocked !== undefined && isNews(told, blocked, now)) tell(blocked);
    }
    Atomics.store(beats, 0, isDebugged() ? noBeat : (count += 1));
    [last, cpu, sight] = [performance.now(), process.cpuUsage(), undefined];
  };
  setInterval(beat, beatMs).unref();
}

/** Runs in the middle of whatever blocks the loop. */
function look(): Sight {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = deepest;
  const error = new Error("blocked");
  Error.stackTraceLimit = before;
  return { error, scope: scopeNow(), running: listRunning() };
}

function judge(ms: number, sight: Sight | undefined, computed: boolean, root: string): LoopBlocked | undefined {
  // Somebody debugs: a breakpoint blocks, and is meant to.
  if (isDebugged()) return undefined;
  const { file, line, column, stack } = sight === undefined ? {} : toRemoteError("INTERNAL", sight.error, root);
  // Where the block was an answer's last step, its request is over by now.
  const running = sight?.running ?? listRunning();
  if (file === undefined && (running.length === 0 || !computed || ms < unseenMs)) return undefined;
  // From the second time on it is known which of many requests it was.
  if (running.length > 1) followScopes();
  return {
    ms,
    running: running.length,
    ...nameRequest(running, sight?.scope),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(file === undefined || stack === undefined ? {} : { stack: dropOwnFrames(stack) }),
  };
}

/** The request where it is known, or what all that run have in common. */
function nameRequest(running: readonly RequestScope[], scope: RequestScope | undefined) {
  const known =
    running.find((other) => other.requestId === scope?.requestId) ?? (running.length === 1 ? running[0] : undefined);
  const titles = new Set((known === undefined ? running : [known]).map(titleOf));
  const [title] = titles;
  const id = known === undefined ? {} : { requestId: known.requestId };
  return titles.size === 1 && title !== undefined ? { ...id, request: title } : id;
}

function titleOf({ incoming }: RequestScope): string {
  return `${incoming?.method ?? "GET"} ${(incoming?.url ?? "/").replace(/\?.*/s, "")}`;
}

/** The frames above the question are ours. */
function dropOwnFrames(stack: string): string {
  const lines = stack.split("\n");
  return lines.slice(lines.findIndex((line) => /^\s+at <anonymous>:1:/.test(line)) + 1).join("\n");
}

function isNews(told: Map<string, number>, { file, line, request }: LoopBlocked, now: number): boolean {
  const key = file === undefined ? (request ?? "") : `${file}:${line}`;
  const before = told.get(key);
  if (before !== undefined && now - before < silenceMs) return false;
  told.set(key, now);
  return true;
}
