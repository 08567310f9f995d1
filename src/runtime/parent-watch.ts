import { Worker } from "node:worker_threads";

const source = `
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 500);
`;

/**
 * Ends this process when its parent is gone. A thread of its own does it: the model's thread may be in an endless
 * loop, and never come to see that its channel has closed.
 */
export function dieWithParent(): void {
  const worker = new Worker(source, { eval: true, stdout: false, stderr: false });
  worker.on("error", () => undefined);
  worker.unref();
}
