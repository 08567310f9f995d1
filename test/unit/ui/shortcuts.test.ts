import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import { listenForShortcuts } from "../../../src/ui/shortcuts.ts";

function listen() {
  const input = new PassThrough();
  const [run, onEnd] = [vi.fn<() => void>(), vi.fn<() => void>()];
  const out = { text: "" };
  const write = (text: string) => void (out.text += text);
  const shortcuts = [{ key: "r", words: ["reload", "rs"], does: "reload", run }];
  return { input, run, onEnd, out, close: listenForShortcuts({ input, write, shortcuts, onEnd }) };
}

it("runs what a key stands for, lists the keys for any other, and stops when told to", async () => {
  const { input, run, onEnd, out, close } = listen();
  input.write("r\n\n R \n");
  await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(2));
  expect(out.text).toBe("");
  input.write("h\n");
  await vi.waitFor(() => expect(out.text).toMatch(/r \+ Enter {2}reload\n.*h \+ Enter/s));
  close();
  input.end("r\n");
  input.resume();
  await once(input, "end");
  expect(run).toHaveBeenCalledTimes(2);
  expect(onEnd).not.toHaveBeenCalled();
});

it("takes words, a key pressed more than once, and the ends of lines that Windows has", async () => {
  const { input, run, out } = listen();
  input.write("reload\nRS\nrrr\nr\r\n");
  await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(4));
  input.write("rx\n");
  await vi.waitFor(() => expect(out.text).toContain("r + Enter"));
  expect(run).toHaveBeenCalledTimes(4);
});

it("tells of the input's end", async () => {
  const { input, onEnd } = listen();
  input.end();
  await vi.waitFor(() => expect(onEnd).toHaveBeenCalledTimes(1));
});
