import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningModel } from "../contract/clients/start.ts";
import { absent, startMatrix } from "./cases.ts";
import {
  type Exception,
  exceptionsFromOpenResponses,
  exceptionsFromOpenai,
  exceptionsFromTypes,
} from "./documents/exceptions.ts";
import { checkByOfficial } from "./documents/official.ts";
import { type Recorded, record } from "./documents/recording.ts";
import { checkByTypes } from "./documents/sdk-types.ts";
import type { Check } from "./documents/schemas.ts";

/** The schemas of each family in a document, by what is recorded. */
type Names = Partial<Record<Recorded["family"], Partial<Record<Recorded["kind"], string>>>>;

const openaiBodies = {
  chat: { body: "CreateChatCompletionResponse", event: "CreateChatCompletionStreamResponse", error: "ErrorResponse" },
  completions: { body: "CreateCompletionResponse", event: "CreateCompletionResponse", error: "ErrorResponse" },
  responses: { body: "Response", event: "ResponseStreamEvent", error: "ErrorResponse" },
  embeddings: { body: "CreateEmbeddingResponse", error: "ErrorResponse" },
  models: { body: "ListModelsResponse" },
  model: { body: "Model" },
} satisfies Names;

const documents: readonly {
  readonly title: string;
  readonly open: () => Promise<Check | string>;
  readonly names: Names;
  readonly exceptions: readonly Exception[];
}[] = [
  {
    title: "the types of openai 7 and @anthropic-ai/sdk 1",
    open: checkByTypes,
    names: {
      chat: { body: "ChatCompletion", event: "ChatCompletionChunk", error: "OpenAIErrorBody" },
      completions: { body: "Completion", event: "Completion", error: "OpenAIErrorBody" },
      responses: { body: "WireResponse", event: "ResponseStreamEvent", error: "OpenAIErrorBody" },
      messages: { body: "Message", event: "AnthropicEvent", error: "AnthropicErrorBody" },
      embeddings: { body: "CreateEmbeddingResponse", error: "OpenAIErrorBody" },
      count_tokens: { body: "MessageTokensCount" },
    },
    exceptions: exceptionsFromTypes,
  },
  {
    title: "OpenAI's OpenAPI document",
    open: () => checkByOfficial("openai-openapi"),
    names: openaiBodies,
    exceptions: exceptionsFromOpenai,
  },
  {
    title: "the OpenAPI document of Open Responses",
    open: () => checkByOfficial("open-responses"),
    names: { responses: { body: "ResponseResource", event: "ResponseStreamEvent" } },
    exceptions: exceptionsFromOpenResponses,
  },
];

/** For Anthropic's wire no official document is public: the types of its package stand in. */
describe.skipIf(absent)("what goes over the wire", () => {
  let model: RunningModel | undefined;
  let recorded: readonly Recorded[] = [];
  beforeAll(async () => {
    model = await startMatrix("serve");
    recorded = await record(model);
  });
  afterAll(() => model?.close());

  it("answers the questions beside the endpoints", () => {
    const beside = recorded.filter(({ family }) => ["models", "model", "count_tokens"].includes(family));
    expect(beside.map(({ family, kind }) => [family, kind])).toEqual([
      ["models", "body"],
      ["model", "body"],
      ["count_tokens", "body"],
    ]);
  });

  it("has signs of life among it", () => {
    const pings = recorded.filter(({ value }) => (value as { type?: unknown }).type === "ping");
    expect(new Set(pings.map(({ family, scenario }) => `${family} ${scenario}`))).toContain("messages slow");
  });

  describe.each(documents)("fits $title", ({ title, open, names, exceptions }) => {
    it("in all but what is listed", async (context) => {
      const check = await open();
      if (typeof check === "string") {
        console.warn(`SKIPPED: bodies and events are not checked against ${title}: ${check}`);
        return context.skip(check);
      }
      const { faults, used } = judge(check, recorded, names, exceptions);
      expect(faults).toEqual([]);
      expect(exceptions.filter((exception) => !used.has(exception))).toEqual([]);
    });
  });
});

function judge(check: Check, recorded: readonly Recorded[], names: Names, exceptions: readonly Exception[]) {
  const used = new Set<Exception>();
  const faults = new Map<string, string>();
  for (const { family, kind, scenario, value } of recorded) {
    const name = names[family]?.[isErrorFrame(family, kind, value) ? "error" : kind];
    if (name === undefined) continue;
    for (const line of check(name, value)) {
      const exception = exceptions.find((one) => one.family === family && one.line.test(line));
      if (exception !== undefined) used.add(exception);
      else if (!faults.has(family + line)) faults.set(family + line, `${family}, ${kind} of ${scenario}: ${line}`);
    }
  }
  return { faults: [...faults.values()], used };
}

/** In the streams of chat and completions an error has the shape that it has ahead of them. */
function isErrorFrame(family: Recorded["family"], kind: Recorded["kind"], value: unknown): boolean {
  const inBand = family === "chat" || family === "completions";
  return kind === "event" && inBand && typeof value === "object" && value !== null && "error" in value;
}
