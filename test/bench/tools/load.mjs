import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measureTree } from "./process-tree.mjs";
import { cleanEnv } from "./workshop.mjs";

const clientFile = fileURLToPath(new URL("load-client.mjs", import.meta.url));

/**
 * Loads one server from a process of its own. Gives requests a second, latencies in milliseconds, and microseconds of
 * the server's processor time for a request. Throws when a request failed.
 */
export async function applyLoad({ pid, url, body, connections, warmUpSeconds, seconds }) {
  const client = fork(clientFile, { env: cleanEnv(), execArgv: [] });
  const kill = () => client.kill("SIGKILL");
  const late = setTimeout(kill, (warmUpSeconds + seconds) * 1000 + 20_000);
  process.once("exit", kill);
  try {
    return await converse(client, pid, { url, body, connections, warmUpSeconds, seconds });
  } finally {
    clearTimeout(late);
    process.off("exit", kill);
  }
}

function converse(client, pid, order) {
  return new Promise((resolve, reject) => {
    let before;
    client.once("error", reject);
    client.once("exit", (code) => reject(new Error(`the load client ended with ${code} and no result`)));
    client.on("message", ({ type, result }) => {
      if (type === "begin") before = measureTree(pid)?.cpu;
      if (type !== "done") return;
      if (result.failed > 0) return reject(new Error(`${result.failed} of the requests to ${order.url} failed`));
      const after = measureTree(pid)?.cpu;
      const cpuPerRequest = before === undefined ? undefined : ((after - before) * 1000) / result.answered;
      resolve({ ...result, cpuPerRequest });
    });
    client.send(order);
  });
}
