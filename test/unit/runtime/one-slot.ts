import { afterEach, vi } from "vitest";
import type { ModelClass } from "../../../src/model/contract.ts";
import { type OpenedServer, bytesOf, openModelServer } from "./model-server.ts";

let model: OpenedServer | undefined;
afterEach(async () => {
  await model?.close();
  model = undefined;
});

/** A server with one slot, which ends with its test. */
export async function openOneSlot(Model: ModelClass, options: Parameters<typeof openModelServer>[1] = {}) {
  model = await openModelServer(Model, { concurrency: 1, ...options });
  const { slots, connect } = model;
  return {
    ...model,
    /** A client that has sent its request, and reads nothing unless it is told to. */
    async send(reads = true) {
      const client = await connect();
      if (!reads) client.socket.pause();
      client.socket.write(bytesOf("POST", "/predict", "{}", "Content-Type: application/json"));
      return client;
    },
    running: () => until(() => slots.running === 1),
    idle: () => until(() => slots.running === 0),
  };
}

/** Long enough for a busy machine. */
export function until(fits: () => boolean, interval = 20): Promise<unknown> {
  return vi.waitUntil(fits, { timeout: 20_000, interval });
}

/** A promise, and who keeps it. */
export function gate() {
  let go: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (go = resolve));
  return { opened, go };
}
