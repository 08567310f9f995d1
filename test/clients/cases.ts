import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningModel, helloText, hiddenMessage, startModel, thrownBy } from "../contract/clients/start.ts";
import { type Answer, type Ask, type Client, type Feature, type Way } from "./client.ts";

/** Without this folder's packages, or on a Node too old for them, the cases are only counted. */
export const absent =
  process.env["TRUSS_TS_CLIENTS"] === "absent" ||
  Number(process.versions.node.split(".")[0]) < 22 ||
  !existsSync(new URL("node_modules", import.meta.url));

/** Serves the model that all cases ask, with signs of life that come often. */
export function startMatrix(command: "serve" | "dev"): Promise<RunningModel> {
  return startModel("matrix-model.ts", command, "model_name: matrix\nruntime:\n  streaming_keep_alive: 0.02\n");
}

/** The very same cases for every client by `serve`; by the platform's paths and by `dev`, those that could differ there. */
export function describeClients(clients: readonly Client[]): void {
  describe.skipIf(absent)("serve", () => {
    const model = running("serve");
    describe("at the local path", () => {
      for (const client of clients) describeClient(client, () => ({ model: model(), base: model().bases.local }));
    });
    describe("at the platform path", () => {
      for (const client of clients) describeWay(client, () => ({ model: model(), base: model().bases.platform }));
    });
  });
  describe.skipIf(absent)("dev", () => {
    const model = running("dev");
    for (const client of clients) describeWay(client, () => ({ model: model(), base: model().bases.local }));
  });
}

type Served = () => { readonly model: RunningModel; readonly base: string };

function running(command: "serve" | "dev"): () => RunningModel {
  let model: RunningModel | undefined;
  beforeAll(async () => void (model = await startMatrix(command)));
  afterAll(() => model?.close());
  return () => {
    if (model === undefined) throw new Error("the model is not running");
    return model;
  };
}

function describeClient(client: Client, served: Served): void {
  describeWays(client, served, (way, ask, has) => {
    describeAnswers(client, way, ask, has);
    describeFinishes(client, ask, has);
    describeErrors(way, ask, has);
    describeAborts(client, way, ask, served);
  });
}

/** What another path or a proxy could change: that requests arrive, and that streams, errors and ends get through. */
function describeWay(client: Client, served: Served): void {
  describeWays(client, served, (way, ask, has) => {
    it("text", async () => expect((await ask("text")).text).toBe(helloText));
    it("text of a slow model", async () => expect((await ask("slow")).text).toBe(helloText));
    it("an error before the stream", async () => expect(statusOf(await thrownBy(() => ask("status-404")))).toBe(404));
    it("an error in the midst", async () => expect(await failure(() => ask("broken"), has)).toContain(hiddenMessage));
    describeAborts(client, way, ask, served);
  });
}

function describeWays(client: Client, served: Served, describeWay: (way: Way, ask: AskFor, has: Has) => void): void {
  // Every case asks under a name of its own, and waits for its server more than it works.
  describe.concurrent(client.name, () => {
    for (const way of ["whole", "streamed"] as const) {
      const call = client[way];
      if (call === undefined) continue;
      const ask: AskFor = (model, more = {}) => call({ base: served().base, model, ...more });
      const has: Has = (feature) => !(feature in client.lacks) && !(`${feature} ${way}` in client.lacks);
      describe(way, () => describeWay(way, ask, has));
    }
  });
}

type AskFor = (model: string, more?: Partial<Ask>) => Promise<Answer>;
type Has = (feature: Feature) => boolean;

const twoCalls = [
  { id: "call_1", name: "weather", arguments: { city: "Zürich" } },
  { id: "call_2", name: "weather", arguments: { city: "Bern" } },
];

/** The smallest picture there is. */
const image = {
  mediaType: "image/png",
  base64: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
};

function describeAnswers(client: Client, way: Way, ask: AskFor, has: Has): void {
  it("text", async () => {
    const pieces: string[] = [];
    const answer = await ask("text", { onText: (piece) => pieces.push(piece) });
    expect(answer.text).toBe(helloText);
    expect(pieces).toEqual(way === "streamed" ? ["Hello", ", ", "wörld 👋\n"] : []);
  });

  it("text of a model that is slow, with signs of life between", async () => {
    expect((await ask("slow")).text).toBe(helloText);
  });

  it("nothing", async () => expect((await ask("empty")).text).toBe(""));

  it.runIf(has("usage") && has("usage at the end"))("usage, told at the end", async () => {
    expect((await ask("text")).usage).toMatchObject({ input: 11, output: 7 });
  });

  it.runIf(has("usage"))("usage, told more than once", async () => {
    const answer = await ask("usage-grows");
    expect(answer.text).toBe(helloText);
    expect(answer.usage).toMatchObject({ input: 11, output: 7 });
  });

  it.runIf(has("usage") && has("usage at the end"))("usage, of which some was cached", async () => {
    const { usage } = await ask("usage-details");
    expect(usage).toMatchObject({ input: 11, output: 7 });
    if (has("usage details")) expect(usage?.cached).toBe(3);
    if (has("usage details") && client.family !== "messages") expect(usage?.reasoning).toBe(2);
  });

  it.runIf(has("tools")).each(["tools-whole", "tools", "tools-at-once"])("tools: %s", async (name) => {
    const answer = await ask(name, { tools: true });
    expect(answer.toolCalls).toEqual(twoCalls);
    expect(answer.text).toBe(name === "tools" ? "Let me see." : "");
    expect(answer.finish).toBe("tool_calls");
  });

  it.runIf(has("reasoning"))("reasoning", async () => {
    expect(await ask("reasoning")).toMatchObject({ reasoning: "Let me think.", text: helloText });
  });

  it("the model hears all that was asked: text, image, tools", async () => {
    const digest = createHash("sha256").update(Buffer.from(image.base64, "base64")).digest("hex");
    const { text } = await ask("heard", { ...(has("images") ? { image } : {}), tools: has("tools") });
    expect(JSON.parse(text)).toEqual({
      text: expect.stringContaining("Hi") as unknown,
      image: has("images") ? `image/png ${digest}` : null,
      tools: has("tools") ? ["weather"] : [],
    });
  });
}

function describeFinishes(client: Client, ask: AskFor, has: Has): void {
  it.runIf(has("finish")).each(["stop", "length", "content_filter"])("finish: %s", async (reason) => {
    expect((await ask(reason)).finish).toBe(reason);
  });

  it.runIf(has("finish") && has("tools"))("finish: tool_calls", async () => {
    expect((await ask("tool_calls", { tools: true })).finish).toBe("tool_calls");
  });

  it.runIf(has("finish"))("finish: a stop sequence", async () => {
    const told = client.family === "messages" && has("stop sequence");
    expect((await ask("stop_sequence")).finish).toBe(told ? "stop_sequence END" : "stop");
  });

  it.runIf(has("refused"))("a refusal", async () => {
    const answer = await ask("refusal");
    if (has("refusal")) expect(answer.refusal).toBe("I cannot do that.");
    if (!has("finish")) return;
    // Chat and responses show a refusal in a place of its own and end as always, which the AI SDK calls a filter too.
    const own = client.family === "chat" || client.family === "responses";
    expect(own ? ["stop", "content_filter"] : ["content_filter"]).toContain(answer.finish);
  });
}

function describeErrors(way: Way, ask: AskFor, has: Has): void {
  it.each([400, 401, 404, 429, 503])("an error before the stream: %i", async (status) => {
    const error = await thrownBy(() => ask(`status-${status}`));
    expect(statusOf(error)).toBe(status);
    expect(textOf(error)).toContain(`Refused with ${status}`);
  });

  it("an error before the stream, of the inside", async () => {
    const error = await thrownBy(() => ask("crash"));
    expect(statusOf(error)).toBe(500);
    expect(textOf(error)).toContain(hiddenMessage);
  });

  it.each([
    ["broken", hiddenMessage],
    ["overrun", "No tokens left"],
  ])("an error in the midst: %s", async (name, message) => {
    const pieces: string[] = [];
    expect(await failure(() => ask(name, { onText: (piece) => pieces.push(piece) }), has)).toContain(message);
    if (way === "streamed") expect(pieces.join("")).toBe("Hello");
  });

  it.runIf(has("tools"))("an error within the arguments of a call", async () => {
    expect(await failure(() => ask("broken-call", { tools: true }), has)).toContain(hiddenMessage);
  });
}

function describeAborts(client: Client, way: Way, ask: AskFor, served: Served): void {
  it.each(["held", "silent", "primed", "endless"])("no work for a client that leaves: %s", (phase) =>
    leave(phase, client, way, ask, served),
  );
}

let asked = 0;

async function leave(phase: string, client: Client, way: Way, ask: AskFor, served: Served): Promise<void> {
  const { model } = served();
  const name = `${phase}--${client.family}-${asked++}`;
  const controller = new AbortController();
  let told: () => void = () => undefined;
  const firstText = new Promise<void>((resolve) => (told = resolve));
  const reading = ask(name, { signal: controller.signal, onText: told }).then(
    (answer) => answer.finish,
    () => undefined,
  );
  await model.waitFor("start", name);
  if (phase === "endless" && way === "streamed") await firstText;
  controller.abort();
  await model.waitFor("abort", name);
  // Some end without an error when they are aborted, but none with an answer that looks whole.
  expect(["stop", "length"]).not.toContain(await reading);
}

/** All that is told of an error in the midst. A client that tells of no message tells at least that it failed. */
async function failure(work: () => Promise<Answer>, has: Has): Promise<string> {
  if (has("error message")) return textOf(await thrownBy(work));
  expect((await work()).finish).toBe("error");
  return `${hiddenMessage} No tokens left`;
}

/** The status of an error, wherever its client keeps it. */
function statusOf(error: Record<string, unknown>): unknown {
  return error["status"] ?? error["statusCode"];
}

/** All that an error says. */
function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : JSON.stringify(error);
}
