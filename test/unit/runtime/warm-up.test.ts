import { expect, it, vi } from "vitest";
import { warmUp } from "../../../src/runtime/warm-up.ts";

it("rehearses a request and leaves no server behind", async () => {
  const servers = () => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
  const before = servers();
  await expect(warmUp()).resolves.toBeUndefined();
  await vi.waitFor(() => expect(servers()).toBe(before));
});
