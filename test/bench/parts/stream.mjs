import { awaitAnswer } from "../tools/first-answer.mjs";
import { figuresOf, ratioOf, takeTurns } from "../tools/figures.mjs";
import { applyLoad } from "../tools/load.mjs";
import { streamPath, streamRequest, writeHonoStream, writeTrussStream } from "../tools/stream-services.mjs";
import { installTruss } from "../tools/truss-package.mjs";
import { cleanEnv, findFreePort, start } from "../tools/workshop.mjs";

export const title = "Streaming";

const parallel = 64;
const tokens = 2000;

export const about =
  `\`POST\` to \`${streamPath}\` with \`stream: true\`: ${tokens} tokens from a generator that waits for nothing, so ` +
  "that the server is all there is to measure. Under `truss-ts serve` a method of one line, `toChatCompletion`; " +
  "against it a bare Hono handler on @hono/node-server that makes the same chunks by hand, from the same generator, " +
  `for a web stream. Once with one stream after the other, once with ${parallel} at a time. The reader is another ` +
  "process of the same machine that does little more than that; both servers run from the first round to the last, loaded in turn. " +
  "A ratio is that of two loads of one round.";

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, progress }) {
  const truss = await installTruss();
  const folder = writeTrussStream(truss);
  const plans = {
    "truss-ts serve": {
      cwd: folder,
      argv: (port) => [truss.cli, "serve", folder, "--port", port, "--host", "127.0.0.1"],
    },
    Hono: { cwd: writeHonoStream(), argv: () => ["server.mjs"] },
  };
  const servers = {};
  try {
    for (const [name, plan] of Object.entries(plans)) servers[name] = await startServer(plan);
    return await loadAll(servers, quick, progress);
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}

async function startServer({ cwd, argv }) {
  const port = await findFreePort();
  const server = start(process.execPath, argv(String(port)), { cwd, env: cleanEnv({ PORT: String(port) }) });
  try {
    const text = await awaitAnswer({ port, path: streamPath, body: streamRequest(3), server, timeoutMs: 60_000 });
    return { ...server, port, shape: shapeOf(text) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A stream without what differs from one to the next. */
function shapeOf(text) {
  return text.replaceAll(/"id":"chatcmpl-\w{32}"/g, '"id":"…"').replaceAll(/"created":\d+/g, '"created":0');
}

async function loadAll(servers, quick, progress) {
  const [ours, peer] = Object.values(servers);
  if (sorted(ours.shape) !== sorted(peer.shape)) throw new Error(`not the same stream:\n${ours.shape}\n${peer.shape}`);
  const times = quick ? { warmUpSeconds: 0.5, seconds: 1 } : { warmUpSeconds: 1, seconds: 4 };
  const body = streamRequest(tokens);
  const load =
    (connections) =>
    ({ pid, port }) =>
      applyLoad({ pid, port, path: streamPath, body, tokens, connections, client: "stream-client.mjs", ...times });
  // The first round finds code that no compiler has seen yet.
  await takeTurns(servers, 1, load(1));
  const rounds = quick ? 4 : 9;
  const one = await takeTurns(servers, rounds, load(1), (done) => progress(done, 2 * rounds));
  const many = await takeTurns(servers, rounds, load(parallel), (done) => progress(rounds + done, 2 * rounds));
  const results = [figuresFor(one, "1 stream"), figuresFor(many, `${parallel} streams`)];
  return { figures: results.flatMap((result) => result.figures), ratios: results.flatMap((result) => result.ratios) };
}

function figuresFor(samples, streams) {
  const rate = figuresOf(samples, `${streams}, throughput`, "tokens/s", (sample) => sample.perSecond);
  const first = figuresOf(samples, `${streams}, to the first token`, "ms", (sample) => sample.first);
  const cpu = figuresOf(samples, `${streams}, CPU a token`, "µs", (sample) => sample.cpuPerRequest ?? NaN);
  const peerWins =
    "`truss-ts serve` gives each request an id, a signal, a log line and typed errors, looks at every part that a " +
    "generator yields, and watches for silence and for a client that leaves.";
  const ratios = [
    ratioOf(rate[0], rate[1], { better: "higher", goal: 0.7, peerWins }),
    ratioOf(first[0], first[1], { better: "lower", peerWins }),
    ratioOf(cpu[0], cpu[1], { better: "lower", peerWins }),
  ];
  return { figures: [...rate, ...first, ...cpu], ratios };
}

/** The order of a JSON object's members is no part of what it says. */
function sorted(text) {
  return text.replaceAll(/\{.*\}/g, (json) => JSON.stringify(JSON.parse(json, (_key, value) => sortMembers(value))));
}

function sortMembers(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
