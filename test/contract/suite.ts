import { afterAll, beforeAll, describe } from "vitest";
import { defineAdmission } from "./cases/admission.ts";
import { defineConcurrency } from "./cases/concurrency.ts";
import { defineCountTokens } from "./cases/count-tokens.ts";
import { defineHealth } from "./cases/health.ts";
import { defineKeepAlive } from "./cases/keep-alive.ts";
import { defineKeptResponses } from "./cases/kept-responses.ts";
import { defineLimits } from "./cases/limits.ts";
import { defineModels } from "./cases/models.ts";
import { defineNetwork } from "./cases/network.ts";
import { defineOutput } from "./cases/output.ts";
import { definePace } from "./cases/pace.ts";
import { definePage } from "./cases/page.ts";
import { defineParsing } from "./cases/parsing.ts";
import { defineRoutes } from "./cases/routes.ts";
import { defineSecrets } from "./cases/secrets.ts";
import { defineStreaming } from "./cases/streaming.ts";
import { defineTyped } from "./cases/typed.ts";
import { defineNoWebSocket, defineWebSocket, defineWebSocketOnly } from "./cases/websocket.ts";
import type { Abilities, Fixture, Open, Target } from "./support/target.ts";

/** The one suite for every way of serving. Numbers in the titles are those of Truss's own behaviours. */
export function defineContract(name: string, open: Open, { sockets, files = true }: Abilities): void {
  describe(name, () => {
    const target = opened(open, "everything");
    defineRoutes(target);
    defineHealth(target);
    defineParsing(target);
    defineOutput(target);
    defineStreaming(target);
    defineSecrets(target);
    defineTyped(open, target);
    definePage(open);
    defineConcurrency(open);
    defineAdmission(open, { sockets });
    defineLimits(open);
    defineModels(open);
    defineCountTokens(open);
    defineKeptResponses(open);
    defineKeepAlive(open);
    definePace(target);
    if (!sockets) return;

    defineNetwork(target, files);
    defineWebSocket(target);
    describe("models with and without websocket", () => {
      defineWebSocketOnly(opened(open, "sockets-only"));
      defineNoWebSocket(opened(open, "page"));
    });
  });
}

function opened(open: Open, fixture: Fixture): () => Target {
  let target: Target | undefined;
  beforeAll(async () => void (target = await open(fixture)));
  afterAll(() => target?.close());
  return () => {
    if (target === undefined) throw new Error(`${fixture} is not open`);
    return target;
  };
}
