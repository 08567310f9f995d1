import { afterEach, describe, expect, it, vi } from "vitest";
import { predict } from "./support/calls.ts";
import { openRaw, request } from "./support/raw.ts";
import { type Server, openServer, startServer } from "./support/server.ts";

let server: Server | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const crash = async (how: string, env: Record<string, string> = {}) => {
  server = await openServer("serve", "lifecycle", { env });
  await predict(server, { crash: how }).catch(() => undefined);
  return { code: await server.ended, log: server.log() };
};
const errorsIn = (log: string) =>
  log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ levelname, message }) => levelname === "ERROR" && message !== "load attempt 1")
    .map(({ message }) => message);

describe("a model process that ends by itself", () => {
  it.each([
    ["killed", 70, "the model's process was killed (SIGKILL), perhaps for lack of memory"],
    ["exit", 1, "the model's process ended by itself with exit code 3"],
    ["throws what has no text", 70, "Uncaught exception: something that cannot be shown was thrown"],
    ["rejects with a stack that throws", 70, "Unhandled rejection: a message"],
  ])("%s: ends serve with %i and one line", async (how, code, message) => {
    const end = await crash(how);
    expect(end.code).toBe(code);
    expect(errorsIn(end.log)).toEqual([message]);
  });

  it("is told of in plain words with DISABLE_JSON_LOGGING", async () => {
    const { log } = await crash("killed", { DISABLE_JSON_LOGGING: "1" });
    expect(log).toContain("ERROR the model's process was killed (SIGKILL), perhaps for lack of memory\n");
  });
});

describe("SIGTERM", () => {
  it("does not wait long for heads and bodies that do not come", async () => {
    server = await openServer("serve", "lifecycle");
    const starts = [
      "GET / HTTP/1.1\r\n",
      "POST /predict HTTP/1.1\r\nHo",
      request("POST", "/predict", "{}").slice(0, -1),
    ];
    const connections = await Promise.all(starts.map(() => openRaw(Number(server?.port))));
    connections.forEach((connection, index) => connection.write(starts[index] ?? ""));
    // One behind them on the same way has been answered: the model's process has them.
    expect((await predict(server, {})).status).toBe(200);
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    for (const connection of connections) expect(await connection.ended).not.toContain(" 200 ");
  });

  it("during a load that still comes to its end is a clean end, and no start", async () => {
    const loading = await startServer("serve", "lifecycle", { env: { LIFECYCLE: "slow close" } });
    server = loading;
    await vi.waitUntil(() => loading.log().includes("load attempt 1"), { timeout: 20_000 });
    loading.child.kill("SIGTERM");
    expect(await loading.ended).toBe(0);
    expect(loading.events.map(({ event }) => event)).toEqual(["stopped"]);
  });
});
