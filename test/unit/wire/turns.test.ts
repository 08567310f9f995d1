import { expect, it } from "vitest";
import { toChatCompletion } from "../../../src/index.ts";

/** Waits for nothing, a million times. */
async function* flood(piece: string): AsyncGenerator<string> {
  for (let count = 0; count < 300_000; count += 1) yield piece;
}

const input = { model: "m", messages: [] };

it("lets others have their turns while a generation that waits for nothing is read whole", async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await toChatCompletion(input, flood("a"));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
});

it("lets others have their turns while nothing comes of one that is streamed", async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const events = (await toChatCompletion({ ...input, stream: true }, flood(""))) as AsyncIterable<unknown>;
  let count = 0;
  for await (const _event of events) count += 1;
  clearInterval(timer);
  expect(count).toBeGreaterThan(0);
  expect(turns).toBeGreaterThan(3);
});
