import { afterAll, beforeAll, describe } from "vitest";
import { defineLifecycle } from "./cases/lifecycle.ts";
import { defineLogs } from "./cases/logs.ts";
import { type Server, openServer } from "./support/server.ts";

describe.each(["serve", "dev", "artifact"] as const)("the life of %s", (command) => {
  defineLifecycle(command);

  describe("a running server", () => {
    let server: Server;
    beforeAll(async () => void (server = await openServer(command, "everything")));
    afterAll(() => server?.close());
    defineLogs(() => server, command !== "dev");
  });
});
