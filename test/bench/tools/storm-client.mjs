// A process of its own that is the clients of a storm: told where, it asks without a pause until it is told to stop,
// lets what it has begun come to its end, and sends what it has seen.
import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

const posts = 16;
const streams = 4;
/** A client that was refused tries again after so long. Milliseconds. */
const afterFailureMs = 10;
const parts = 30;

let port = 0;
let id = 0;
const stop = new AbortController();
/** The newest version that any answer has told so far. */
let newest = -1;
let lastEnd = performance.now();
const seen = {
  requests: 0,
  failed: 0,
  streams: 0,
  refusedStreams: 0,
  cutStreams: 0,
  mixed: 0,
  older: 0,
  longestSilence: 0,
  reasons: {},
};

process.once("message", async (order) => {
  port = order.port;
  process.once("message", () => {
    // What comes to its end from here on is what nobody asks after any more.
    hearSilence(performance.now());
    stop.abort();
  });
  lastEnd = performance.now();
  const repeat = async (once) => {
    while (!stop.signal.aborted) await once();
  };
  const keeping = (once) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    return repeat(() => once(agent)).finally(() => agent.destroy());
  };
  const posting = Array.from({ length: posts }, () => keeping(postOnce));
  const streaming = Array.from({ length: streams }, () => keeping(streamOnce));
  // On a new connection each time.
  const probing = repeat(() => postOnce(false));
  await Promise.all([...posting, ...streaming, probing]);
  process.send({ type: "done", seen: { ...seen, newest } }, () => process.disconnect());
});

async function postOnce(agent) {
  const mine = (id += 1);
  const floor = newest;
  seen.requests += 1;
  try {
    // A fourth of the requests is under way for a while.
    const lines = await ask(agent, { id: mine, wait: mine % 4 === 0 ? mine % 31 : 0, stream: false });
    const answer = JSON.parse(lines[0]);
    if (answer.id !== mine) throw new Error("the answer to another request");
    notice([answer.head, answer.tail], floor);
  } catch (error) {
    await fail("failed", error);
  }
}

async function streamOnce(agent) {
  const mine = (id += 1);
  const floor = newest;
  seen.streams += 1;
  let begun = false;
  const onBegin = () => {
    begun = true;
  };
  try {
    const lines = await ask(agent, { id: mine, wait: 0, stream: true }, onBegin);
    const told = lines.map((line) => JSON.parse(line));
    if (told.length !== parts + 1 || told.at(-1)?.at !== "end") throw new Error("the stream has no end");
    if (told.some((part) => part.id !== mine)) throw new Error("a part of another stream");
    notice(
      told.map((part) => part.version),
      floor,
    );
  } catch (error) {
    await fail(begun ? "cutStreams" : "refusedStreams", error);
  }
}

function hearSilence(now) {
  if (!stop.signal.aborted) seen.longestSilence = Math.max(seen.longestSilence, now - lastEnd);
  lastEnd = now;
}

/** An answer has come to its end, by these versions, to a request that was sent when `floor` was the newest. */
function notice(versions, floor) {
  hearSilence(performance.now());
  const [first] = versions;
  if (versions.some((version) => version !== first)) seen.mixed += 1;
  if (first < floor) seen.older += 1;
  if (first <= newest) return;
  newest = first;
  process.send({ type: "newest", version: newest });
}

async function fail(kind, error) {
  seen[kind] += 1;
  const reason = `${kind}: ${error.code ?? error.message}`;
  seen.reasons[reason] = (seen.reasons[reason] ?? 0) + 1;
  await wait(afterFailureMs);
}

function ask(agent, input, onBegin = () => undefined) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(input);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const options = { host: "127.0.0.1", port, path: "/predict", method: "POST", headers, agent, timeout: 10_000 };
    const sent = request(options, (response) => {
      let text = "";
      if (response.statusCode === 200) onBegin();
      response.setEncoding("utf8");
      response.on("data", (part) => {
        text += part;
      });
      response.once("error", () => reject(new Error("the answer broke off")));
      response.once("end", () => {
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        return resolve(text.trim().split("\n"));
      });
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer for 10 s")));
    sent.once("error", reject);
    sent.end(body);
  });
}
