import Anthropic from "@anthropic-ai/sdk";
import fc from "fast-check";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ChatCompletionRequest,
  type CompletionRequest,
  type GenerationPart,
  type MessageRequest,
  type ResponseRequest,
  toChatCompletion,
  toCompletion,
  toMessage,
  toResponse,
} from "../../../src/index.ts";
import { createTestModel, type TestModel } from "../../../src/testing.ts";
import { generate } from "./helpers.ts";
import {
  type Said,
  saidByChat,
  saidByCompletions,
  saidByMessages,
  saidByParts,
  saidByResponses,
} from "./support/said.ts";

/** What the model says next, and where its answer's bytes are cut on their way. */
let parts: readonly GenerationPart[] = [];
let cuts: readonly number[] = [];

class Model {
  chat_completions(input: ChatCompletionRequest) {
    return toChatCompletion(input, generate(parts));
  }
  completions(input: CompletionRequest) {
    return toCompletion(input, generate(parts));
  }
  responses(input: ResponseRequest) {
    return toResponse(input, generate(parts));
  }
  messages(input: MessageRequest) {
    return toMessage(input, generate(parts));
  }
}

let model: TestModel;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  model = await createTestModel(Model);
  const settings = { apiKey: "none", fetch: cutFetch, maxRetries: 0 };
  openai = new OpenAI({ ...settings, baseURL: `${model.url}/v1` });
  anthropic = new Anthropic({ ...settings, baseURL: model.url });
});
afterAll(() => model.close());

/** The model's own answer, its bytes cut anywhere: within a character, a line or an event. */
async function cutFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await model.fetch(input, init);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const [index, place] of [...places, bytes.length].entries()) {
        const piece = bytes.slice(places[index - 1] ?? 0, place);
        if (piece.length > 0) controller.enqueue(piece);
      }
      controller.close();
    },
  });
  return new Response(body, response);
}

const text = fc.string({
  unit: fc.constantFrom("a", " ", "\n", "\r", '"', "\\", "é", "👩‍👩‍👧", "\u2028", "data: ", "\n\n", "[DONE]"),
});
const textual = fc.record({ type: fc.constantFrom("text" as const, "reasoning" as const), text });
const refusing = fc.record({ type: fc.constantFrom("text" as const, "refusal" as const), text });
const count = fc.nat(9999);
const usage = fc
  .record({ input_tokens: count, output_tokens: count, cached: fc.option(count), reasoning: fc.option(count) })
  .map(({ input_tokens, output_tokens, cached, reasoning }): GenerationPart => ({
    type: "usage",
    input_tokens: input_tokens + (cached ?? 0),
    output_tokens: output_tokens + (reasoning ?? 0),
    ...(cached === null ? {} : { cached_input_tokens: cached }),
    ...(reasoning === null ? {} : { reasoning_tokens: reasoning }),
  }));
const reason = fc.constantFrom("stop" as const, "length" as const, "tool_calls" as const, "content_filter" as const);
const finish = fc
  .option(reason)
  .map((given): GenerationPart[] => (given === null ? [] : [{ type: "finish", reason: given }]));

/** One call as it may come: whole or in pieces, with or without arguments. */
const call = fc.record({
  arguments: fc.oneof(
    fc.constant(""),
    fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }).map((value) => JSON.stringify(value)),
    fc.dictionary(text, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }).map((value) => JSON.stringify(value, null, 2)),
  ),
  cuts: fc.array(fc.nat(200), { maxLength: 4 }),
  named: fc.boolean(),
});

function toPieces(number: number, made: { arguments: string; cuts: number[]; named: boolean }): GenerationPart[] {
  const places = [0, ...made.cuts.map((cut) => cut % (made.arguments.length + 1)).sort((a, b) => a - b)];
  return places.map((place, index) => ({
    type: "tool_call",
    id: `call_${number}`,
    name: index === 0 || made.named ? `tool_${number}` : "",
    arguments: made.arguments.slice(place, places[index + 1]),
  }));
}

/** Several streams of parts in one: each keeps its order, `picks` says which goes on. */
function interleave(streams: GenerationPart[][], picks: readonly number[]): GenerationPart[] {
  const left = streams.map((stream) => [...stream]);
  const out: GenerationPart[] = [];
  for (let turn = 0; left.some((stream) => stream.length > 0); turn += 1) {
    const open = left.filter((stream) => stream.length > 0);
    const part = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift();
    if (part !== undefined) out.push(part);
  }
  return out;
}

const picks = fc.array(fc.nat(9), { minLength: 1, maxLength: 30 });
const talk = (said: fc.Arbitrary<GenerationPart>) =>
  fc
    .tuple(
      fc.array(said, { maxLength: 8 }),
      fc.array(call, { maxLength: 4 }),
      fc.array(usage, { maxLength: 2 }),
      finish,
      picks,
    )
    .map(([texts, calls, counts, end, order]): GenerationPart[] => [
      ...interleave([texts, ...calls.map((made, number) => toPieces(number, made)), counts], order),
      ...end,
    ]);
const conversation = talk(textual);
const refusal = talk(refusing);
const plain = fc
  .tuple(fc.array(textual, { maxLength: 10 }), fc.array(usage, { maxLength: 2 }), finish, picks)
  .map(([texts, counts, end, order]) => [...interleave([texts, counts], order), ...end]);
const split = fc.array(fc.nat(100_000), { maxLength: 40 });

/** Runs a property as often as is enough; a failure names the seed and the smallest example. */
function check<T extends [unknown, ...unknown[]]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  predicate: (...args: T) => Promise<void>,
) {
  return fc.assert(fc.asyncProperty(...arbitraries, predicate), { numRuns: 200 });
}

describe.each([true, false])("any parts, read back by the family's SDK, streamed: %s", (streamed) => {
  const holds = (
    arbitrary: fc.Arbitrary<GenerationPart[]>,
    read: () => Promise<Said>,
    expected: (said: Said) => Said,
  ) =>
    check([arbitrary, split], async (made, places) => {
      parts = made;
      cuts = places;
      const answer = await read();
      const wanted = expected(saidByParts(made));
      // Where nobody counted, what is there is an estimate.
      expect(answer).toEqual(wanted.usage === undefined ? { ...wanted, usage: answer.usage } : wanted);
    });

  it("chat completions", () =>
    holds(
      conversation,
      () => saidByChat(openai, streamed),
      (said) => said,
    ));

  it("responses", () => holds(conversation, () => saidByResponses(openai, streamed), asResponse));

  it("chat completions with refusals", () =>
    holds(
      refusal,
      () => saidByChat(openai, streamed),
      (said) => said,
    ));

  it("responses with refusals", () => holds(refusal, () => saidByResponses(openai, streamed), asResponse));

  it("messages", () =>
    holds(
      conversation,
      () => saidByMessages(anthropic, streamed),
      (said) => ({
        ...said,
        finish:
          { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use", content_filter: "refusal" }[said.finish] ??
          "",
      }),
    ));

  it("completions", () =>
    holds(
      plain,
      () => saidByCompletions(openai, streamed),
      (said) => ({
        ...said,
        reasoning: "",
        finish: said.finish === "tool_calls" ? "stop" : said.finish,
      }),
    ));
});

function asResponse(said: Said): Said {
  const reasons: Readonly<Record<string, string>> = { length: "max_output_tokens", content_filter: "content_filter" };
  return { ...said, finish: reasons[said.finish] ?? "completed" };
}
