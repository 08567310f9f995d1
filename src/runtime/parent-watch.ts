import { Worker } from "node:worker_threads";

const source = `
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 500);
require("node:worker_threads").parentPort.once("message", ({ beats, quietMs, everyMs, question }) => {
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
});
`;

/** A thread beside the model's, which may be in an endless loop and see nothing. */
export interface Watcher {
  /**
   * From now on, each time the counter has stood still for that long, has the model's thread answer the question, a
   * piece of JavaScript, wherever it is at the moment.
   */
  askWhenStuck(watch: { beats: Int32Array; quietMs: number; everyMs: number; question: string }): void;
}

/** Ends this process when its parent is gone, even where the model's thread never comes to see that. */
export function dieWithParent(): Watcher {
  const worker = new Worker(source, { eval: true, stdout: false, stderr: false });
  worker.on("error", () => undefined);
  worker.unref();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  return { askWhenStuck: (watch) => worker.postMessage(watch) };
}
