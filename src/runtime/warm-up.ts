import { request } from "node:http";
import { createApp } from "./app.ts";
import { createContext } from "./context.ts";
import { ModelHost } from "./lifecycle.ts";
import { createSlots } from "./limits.ts";
import type { RuntimeLog } from "./log.ts";
import { createSecrets } from "./secrets.ts";
import { createModelServer } from "./server.ts";

/** A first answer compiles much that a second finds ready; a few make it quick. */
const rounds = 5;

/**
 * Serves a throw-away model and asks it, so that a process which waits for a real one has been through all that the
 * first request needs. Must not leave anything behind; what fails here will fail again where it matters.
 */
export async function warmUp(): Promise<void> {
  const host = new ModelHost({
    getModel: () => Rehearsal,
    modelFile: "",
    createContext: (environment) =>
      createContext({ config: {}, secrets: createSecrets({}), environment, dataDir: "", log: silent }),
    readEnvironment: async () => undefined,
    log: silent,
  });
  const slots = createSlots(undefined);
  const app = createApp({ host, log: silent, slots });
  const server = createModelServer({ app, host, log: silent, slots });
  try {
    const port = await server.listen();
    await host.load();
    for (let round = 0; round < rounds; round += 1) {
      await ask(port, "{}");
      await ask(port, '{"stream":true}');
    }
  } finally {
    await server.drain(0);
  }
}

class Rehearsal {
  load(): void {}

  predict(input: { stream?: boolean }): unknown {
    return input.stream === true ? ["one", "two"].values() : { output: input };
  }
}

function ask(port: number, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request({ host: "127.0.0.1", port, method: "POST", path: "/predict", agent: false, headers });
    sent.once("response", (answer) => answer.resume().once("end", resolve).once("error", reject));
    sent.once("error", reject);
    sent.end(body);
  });
}

const ignore = () => undefined;
const silent: RuntimeLog = { write: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
