import { request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** Milliseconds between two tries. */
const pollMs = 2;

/**
 * Asks on a new connection each time until the answer is a 200 (with a body that is the wanted one), and gives its
 * body. Throws when the server ends, or does not answer so in time.
 */
export async function awaitAnswer({ port, path, body, server, timeoutMs = 20_000, isWanted = () => true }) {
  const deadline = performance.now() + timeoutMs;
  let ended = false;
  void server?.exited.then(() => {
    ended = true;
  });
  for (;;) {
    const answer = await ask(port, path, body);
    if (answer?.status === 200 && isWanted(answer.body)) return answer.body;
    if (ended) throw new Error(`the server ended before it answered\n${server.failureText()}`);
    if (performance.now() > deadline) {
      throw new Error(
        `not the answer within ${timeoutMs} ms, the last was ${answer?.status ?? "none"}: ${answer?.body.slice(0, 300)}`,
      );
    }
    await wait(pollMs);
  }
}

function ask(port, path, body) {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const options = { host: "127.0.0.1", port, path, method: "POST", headers, agent: false, timeout: 15_000 };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode, body: text }));
      response.on("error", () => resolve(undefined));
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(undefined));
    sent.end(body);
  });
}
