import { setTimeout as wait } from "node:timers/promises";
import { awaitAnswer } from "../tools/first-answer.mjs";
import { figuresOf, ratioOf, takeTurns } from "../tools/figures.mjs";
import { applyLoad } from "../tools/load.mjs";
import { measureTree } from "../tools/process-tree.mjs";
import { preparePythonTruss, pythonTrussVersion } from "../tools/python-truss.mjs";
import { checkAnswer, question, writeHonoProject, writeTrussProject } from "../tools/services.mjs";
import { installTruss } from "../tools/truss-package.mjs";
import { cleanEnv, findFreePort, start } from "../tools/workshop.mjs";

export const title = "Serving";

const connections = 32;

export const about =
  `\`POST\` of a small JSON body, ${connections} connections, under \`truss-ts serve\` (one log line a request, as it is ` +
  "by default), a bare Hono server on @hono/node-server (no log), and the server of the Python truss " +
  `${pythonTrussVersion} (its own log lines; \`predict_concurrency\` 32, \`predict\` a coroutine, which suits it ` +
  "best). Stdout goes to /dev/null. The load comes from another process of the same machine; all servers run from the " +
  "first round to the last, loaded in turn. A ratio is that of two loads of one round.";

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, python, progress }) {
  const plans = { "truss-ts serve": await planTruss(), Hono: planHono() };
  const skipped = [];
  try {
    if (!python) throw new Error("--no-python was given");
    plans[pythonName] = await planPython();
  } catch (error) {
    skipped.push(`${pythonName}: ${error.message.split("\n").slice(0, 3).join(" ")}`);
  }
  const servers = {};
  try {
    for (const [name, plan] of Object.entries(plans)) servers[name] = await startServer(name, plan);
    return { ...(await loadAll(servers, quick, progress)), skipped };
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}

const pythonName = "Python truss";

async function planTruss() {
  const truss = await installTruss();
  const folder = writeTrussProject(truss);
  const argv = (port) => [truss.cli, "serve", folder, "--port", port, "--host", "127.0.0.1"];
  return { program: process.execPath, argv, cwd: folder, path: "/predict" };
}

function planHono() {
  return { program: process.execPath, argv: () => ["server.mjs"], cwd: writeHonoProject(), path: "/predict" };
}

async function planPython() {
  const { program, args, folder } = await preparePythonTruss();
  return { program, argv: () => args, cwd: folder, path: "/v1/models/model:predict" };
}

async function startServer(name, { program, argv, cwd, path }) {
  const port = await findFreePort();
  const env = cleanEnv({ PORT: String(port), INFERENCE_SERVER_PORT: String(port) });
  const server = start(program, argv(String(port)), { cwd, env });
  try {
    checkAnswer(name, await awaitAnswer({ port, path, body: question, server, timeoutMs: 60_000 }));
  } catch (error) {
    await server.stop();
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
  return { ...server, url: `http://127.0.0.1:${port}${path}` };
}

async function loadAll(servers, quick, progress) {
  const memory = { rest: await restingMemory(servers) };
  const times = quick ? { warmUpSeconds: 1, seconds: 2 } : { warmUpSeconds: 1, seconds: 6 };
  const load = ({ pid, url }) => applyLoad({ pid, url, body: question, connections, ...times });
  // The first round finds code that no compiler has seen yet.
  await takeTurns(servers, 1, load);
  const samples = await takeTurns(servers, quick ? 4 : 9, load, progress);
  memory.loaded = await restingMemory(servers);

  const rate = figuresOf(samples, "throughput", "requests/s", (sample) => sample.perSecond);
  const p50 = figuresOf(samples, "p50", "ms", (sample) => sample.p50);
  const p99 = figuresOf(samples, "p99", "ms", (sample) => sample.p99);
  const cpu = figuresOf(samples, "CPU a request", "µs", (sample) => sample.cpuPerRequest ?? NaN);
  return { figures: [...rate, ...p50, ...p99, ...cpu, ...memoryFigures(memory)], ratios: compare(rate, p99, cpu) };
}

function compare(rate, p99, cpu) {
  const peerWins =
    "on top of the same HTTP server, `truss-ts serve` gives each request an id, a signal, a log line, typed errors and " +
    "a place in the drain.";
  const pairs = [rate, p99, cpu].map(([ours, ...peers]) => peers.map((peer) => [ours, peer]));
  return pairs.flat().map(([ours, peer]) => {
    if (ours.metric !== "throughput") return ratioOf(ours, peer, { better: "lower", peerWins });
    return ratioOf(ours, peer, { better: "higher", peerWins, goal: peer.name === pythonName ? 5 : 0.85 });
  });
}

/** After two seconds in which nobody asks for anything. */
async function restingMemory(servers) {
  await wait(2000);
  return Object.fromEntries(Object.entries(servers).map(([name, { pid }]) => [name, [measureTree(pid)]]));
}

function memoryFigures({ rest, loaded }) {
  if (Object.values(rest)[0][0] === undefined) return [];
  return [
    ...figuresOf(rest, "RSS at rest", "MiB", (tree) => tree.rss),
    ...figuresOf(loaded, "RSS after load", "MiB", (tree) => tree.rss),
    ...(process.platform === "linux" ? figuresOf(loaded, "PSS after load", "MiB", (tree) => tree.pss) : []),
    ...figuresOf(loaded, "processes", "", (tree) => tree.processes),
  ];
}
