import { onTestFinished } from "vitest";
import { type FrontOptions, createFront } from "../../../src/dev/front.ts";
import { Gate } from "../../../src/dev/gate.ts";
import type { TrussEvent } from "../../../src/events.ts";

const state = {
  project: "p<1>",
  state: "serving",
  endpoints: [{ method: "predict", path: "/predict" }],
  url: "http://x",
};

export async function startFront(options: Partial<FrontOptions> & { waitMs?: number } = {}) {
  const gate = new Gate(options.waitMs ?? 10_000);
  const events: TrussEvent[] = [];
  const report = (event: TrussEvent) => void events.push(event);
  const front = await createFront({
    host: "127.0.0.1",
    port: 0,
    strictPort: false,
    gate,
    report,
    describe: () => state,
    ...options,
  });
  onTestFinished(() => front.close(0));
  const url = `http://127.0.0.1:${front.port}`;
  return { gate, front, events, url };
}
