import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import type { ModelClass } from "../../../src/model/contract.ts";
import { type AppOptions, createApp } from "../../../src/runtime/app.ts";
import { createContext } from "../../../src/runtime/context.ts";
import { ModelHost } from "../../../src/runtime/lifecycle.ts";
import { type QueueBounds, createSlots } from "../../../src/runtime/limits.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createSecrets } from "../../../src/runtime/secrets.ts";
import { type ModelServerOptions, createModelServer } from "../../../src/runtime/server.ts";
import { listenRaw } from "./sockets.ts";

interface OpenOptions {
  readonly app?: Partial<AppOptions>;
  readonly server?: Partial<Omit<ModelServerOptions, "slots">>;
  readonly concurrency?: number;
  readonly queue?: QueueBounds;
}

/** A model's server that is handed its connections, as the model process of `serve` is. */
export async function openModelServer(Model: ModelClass, options: OpenOptions = {}) {
  let text = "";
  const log = createLog({ form: "plain", sink: (line) => (text += line) });
  const secrets = createSecrets({}, { directory: "", environment: {} });
  const host = new ModelHost({
    getModel: () => Model,
    modelFile: "model.ts",
    createContext: (environment) => createContext({ config: {}, secrets, environment, dataDir: tmpdir(), log }),
    readEnvironment: async () => undefined,
    log,
  });
  await host.load();
  const slots = createSlots(options.concurrency, options.queue);
  const onModelError = (error: unknown) => log.error("model error", typeof error);
  const app = createApp({ host, log, slots, onModelError, ...options.app });
  const server = createModelServer({ app, host, log, slots, onModelError, ...options.server });
  const door = await listenRaw((socket: Socket) => server.adopt(socket, Buffer.alloc(0)));
  return {
    host,
    server,
    slots,
    log: () => text,
    connect: door.connect,
    /** Sends bytes, answers with all that came once the connection has ended. */
    async ask(bytes: string): Promise<string> {
      const client = await door.connect();
      client.socket.write(bytes, "latin1");
      await new Promise((resolve) => {
        client.socket.once("end", resolve).once("close", resolve).once("error", resolve);
      });
      return client.text();
    },
    close: async () => {
      await server.drain(0);
      door.close();
    },
  };
}

export type OpenedServer = Awaited<ReturnType<typeof openModelServer>>;

/** A request's bytes. */
export function bytesOf(method: string, path: string, body = "", ...headers: string[]): string {
  const length = method === "GET" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${path} HTTP/1.1`, "Host: x", ...length, ...headers, "", body].join("\r\n");
}
