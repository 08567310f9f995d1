import { expect, it, vi } from "vitest";
import { createTestModel } from "../../../src/testing.ts";
import { bytesOf, openModelServer } from "./model-server.ts";

const throwing = (begun: () => void) =>
  class {
    async predict(_input: unknown, { signal }: Request) {
      begun();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
    }
  };

it("a method that throws its signal's reason has not failed: its client has left", async () => {
  let begun: () => void = () => undefined;
  const running = new Promise<void>((resolve) => (begun = resolve));
  const log = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const model = await createTestModel(throwing(() => begun()));
  const leaving = new AbortController();
  const answer = model.post("/predict", {}, { signal: leaving.signal });
  await running;
  leaving.abort(new Error("the reader closed the page"));
  const status = await answer.then(
    (response) => response.status,
    () => 499,
  );
  const said = log.mock.calls.join("\n");
  log.mockRestore();
  expect(status).toBe(499);
  expect(said).not.toContain("Exception");
});

it("nor has one whose client's connection is gone", async () => {
  let begun: () => void = () => undefined;
  let running = new Promise<void>((resolve) => (begun = resolve));
  const onModelError = vi.fn();
  const model = await openModelServer(
    throwing(() => begun()),
    { concurrency: 1, app: { onModelError } },
  );
  const client = await model.connect();
  client.socket.write(bytesOf("POST", "/predict", "{}", "Content-Type: application/json"));
  await running;
  running = new Promise<void>((resolve) => (begun = resolve));
  client.socket.destroy();
  // The one slot is free again once the first has been dealt with.
  const next = await model.connect();
  next.socket.write(bytesOf("POST", "/predict", "{}", "Content-Type: application/json"));
  await running;
  next.socket.destroy();
  await model.close();
  expect(onModelError).not.toHaveBeenCalled();
});
