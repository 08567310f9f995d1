import { url as debuggerUrl } from "node:inspector";
import { Worker } from "node:worker_threads";
import type { Frame, Silence } from "./channel.ts";

const lookEveryMs = 500;
/** Told of after this long, and once more. */
const silenceMs = [5_000, 30_000];

/**
 * Runs in a thread of its own, which goes on when the model's thread is in an endless loop: then V8's debugger, asked
 * from here, interrupts that loop for a moment and says where it is.
 */
const source = `
const { parentPort } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const parent = process.ppid;
let fd, asked, told = 0, urls = new Map();

parentPort.on("message", (message) => {
  if (message.beats !== undefined) return followBeats(message);
  if (message.fd !== undefined) return void (fd = message.fd);
  [asked, told] = [undefined, message.debugged ? Infinity : 0];
});
setInterval(() => {
  if (process.ppid !== parent) {
    try { process.kill(-process.pid, "SIGKILL"); } catch {}
    process.kill(process.pid, "SIGKILL");
  }
  if (fd === undefined) return;
  if (asked === undefined) {
    asked = performance.now();
    return parentPort.postMessage(0);
  }
  const ms = performance.now() - asked;
  if (ms >= ${JSON.stringify(silenceMs)}[told]) {
    told += 1;
    look((frames) => writeSync(fd, JSON.stringify({ ms, frames }) + "\\n"));
  }
}, ${lookEveryMs});

function followBeats({ beats, quietMs, everyMs, question }) {
  let last, since, asked;
  setInterval(() => {
    const beat = Atomics.load(beats, 0);
    if (beat !== last) [last, since] = [beat, performance.now()];
    if (beat === -1 || asked === beat || performance.now() - since < quietMs) return;
    asked = beat;
    const { Session } = require("node:inspector");
    const session = new Session();
    session.connectToMainThread();
    session.post("Runtime.evaluate", { expression: question }, () => session.disconnect());
  }, everyMs);
}

function look(tell) {
  const { Session } = require("node:inspector");
  const session = new Session();
  session.connectToMainThread();
  const late = setTimeout(tell, 2000, []);
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params }) => {
    session.post("Debugger.resume");
    session.post("Debugger.disable", () => session.disconnect());
    clearTimeout(late);
    tell(params.callFrames.slice(0, 50).map(({ functionName, url, location }) => ({
      name: functionName,
      url: url || urls.get(location.scriptId) || "",
      line: location.lineNumber,
      column: location.columnNumber || 0,
    })));
  });
  session.post("Debugger.enable", () => session.post("Debugger.pause"));
}
`;

/** A thread beside the model's, which may be in an endless loop and see nothing. */
export interface Watcher {
  /**
   * From now on, each time the counter has stood still for that long, has the model's thread answer the question, a
   * piece of JavaScript, wherever it is at the moment.
   */
  askWhenStuck(watch: { beats: Int32Array; quietMs: number; everyMs: number; question: string }): void;
  /** From now on, when the model's thread does not come to rest, writes a {@link Silence} to this descriptor. */
  tellOfSilence(fd: number): void;
  /** A debugger is open: a breakpoint is no loop, and a look at it would end it. */
  expectBreakpoints(): void;
}

/** Ends this process, and what it has started, when its parent is gone, even where its own thread never sees that. */
export function dieWithParent(): Watcher {
  const worker = new Worker(source, { eval: true, stdout: false, stderr: false });
  worker.on("error", () => undefined);
  // Whoever steps through the code with a debugger knows why it stands still.
  worker.on("message", () => worker.postMessage({ debugged: debuggerUrl() !== undefined }, []));
  worker.unref();
  return {
    askWhenStuck: (watch) => worker.postMessage(watch, []),
    tellOfSilence: (fd) => worker.postMessage({ fd }, []),
    expectBreakpoints: () => worker.postMessage({ debugged: true }, []),
  };
}

/** Ends this process and all that it has started, where it leads a group of its own; else nothing happens. */
export function killOwnGroup(): void {
  if (process.platform === "win32") return;
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    // It leads no group.
  }
}

/** Reads a line as {@link Watcher.tellOfSilence} has it written. */
export function parseSilence(line: string): Silence | undefined {
  try {
    const { ms, frames } = JSON.parse(line) as { ms: unknown; frames: unknown };
    return typeof ms === "number" && Array.isArray(frames) ? { ms, frames: frames as Frame[] } : undefined;
  } catch {
    return undefined;
  }
}
