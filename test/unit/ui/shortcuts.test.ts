import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import { listenForShortcuts } from "../../../src/ui/shortcuts.ts";

it("runs what a key stands for, lists the keys for any other, and stops when told to", async () => {
  const input = new PassThrough();
  const run = vi.fn<() => void>();
  let text = "";
  const close = listenForShortcuts({
    input,
    write: (out) => void (text += out),
    shortcuts: [{ key: "r", does: "reload", run }],
  });
  input.write("r\n\n R \n");
  await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(2));
  expect(text).toBe("");
  input.write("h\n");
  await vi.waitFor(() => expect(text).toMatch(/r \+ Enter {2}reload\n.*h \+ Enter/s));
  close();
  input.end("r\n");
  input.resume();
  await once(input, "end");
  expect(run).toHaveBeenCalledTimes(2);
});
