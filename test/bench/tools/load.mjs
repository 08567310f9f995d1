import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measureTree } from "./process-tree.mjs";
import { cleanEnv } from "./workshop.mjs";

const requests = "load-client.mjs";

/**
 * Loads one server from a process of its own: by default with requests, else as the client named does. Gives what the
 * client measured (requests a second, latencies in milliseconds), and microseconds of the server's processor time for
 * each request answered, or for each of what else the client counts. Throws when one failed.
 */
export async function applyLoad({ pid, client: file = requests, ...order }) {
  const client = fork(fileURLToPath(new URL(file, import.meta.url)), { env: cleanEnv(), execArgv: [] });
  const kill = () => client.kill("SIGKILL");
  const late = setTimeout(kill, (order.warmUpSeconds + order.seconds) * 1000 + 20_000);
  process.once("exit", kill);
  try {
    return await converse(client, pid, order);
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
      if (result.failed > 0) return reject(new Error(`${result.failed} of the requests failed`));
      const after = measureTree(pid)?.cpu;
      const cpuPerRequest = before === undefined ? undefined : ((after - before) * 1000) / result.answered;
      resolve({ ...result, cpuPerRequest });
    });
    client.send(order);
  });
}
