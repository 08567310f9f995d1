import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messagesFrom } from "../../../src/wire/messages-from.ts";
import type {
  AssistantPart,
  MediaSource,
  RequestForm,
  ToolTurn,
  Turn,
  UserPart,
} from "../../../src/wire/messages-from/form.ts";
import { toChatRequest } from "../../../src/wire/messages-from/to-chat.ts";
import { toMessageRequest } from "../../../src/wire/messages-from/to-messages.ts";

/**
 * Any conversation, written for a family and read back. What the family has no words for is taken out of the
 * expectation, and of nothing else: those are the lossy spots that docs/protocols.md lists.
 */
describe("a request, written and read back", () => {
  it("as chat completions", () => {
    fc.assert(
      fc.property(forms, (form) => {
        const read = messagesFrom(JSON.parse(JSON.stringify(toChatRequest(form))) as object, "chat_completions");
        expect(withoutRaw(read)).toEqual(withoutRaw({ ...form, ...asChat(form) }));
      }),
    );
  });

  it("as messages", () => {
    fc.assert(
      fc.property(forms, (form) => {
        const read = messagesFrom(JSON.parse(JSON.stringify(toMessageRequest(form))) as object, "messages");
        expect(withoutRaw(read)).toEqual(withoutRaw({ ...form, ...asMessages(form) }));
      }),
    );
  });

  it("and over both, tool calls keep their ids and arguments, results their calls", () => {
    fc.assert(
      fc.property(forms, (form) => {
        const chat = messagesFrom(toChatRequest(form), "chat_completions");
        const back = messagesFrom(toMessageRequest(chat), "messages");
        expect(callsOf(back)).toEqual(callsOf(form));
        expect(back.system).toBe(form.system);
        expect(saidBy(back)).toBe(saidBy(form));
      }),
    );
  });

  it("of the family that its shape shows, wherever it shows any", () => {
    fc.assert(
      fc.property(forms, (form) => {
        const marked = { ...form, tools: [{ name: "a", schema: {} }], tool_choice: "required" as const };
        expect(messagesFrom(toChatRequest(marked)).family).toBe("chat_completions");
        expect(messagesFrom(toMessageRequest(marked)).family).toBe("messages");
      }),
    );
  });
});

const word = fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }).filter((text) => text.trim() !== "");
const base64 = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const name = fc.stringMatching(/^[a-z_]{1,8}$/);

const source: fc.Arbitrary<MediaSource> = fc.oneof(
  fc.record({ type: fc.constant("url" as const), url: fc.webUrl() }),
  fc.record({
    type: fc.constant("base64" as const),
    media_type: fc.constantFrom("image/png", "image/jpeg"),
    data: base64,
  }),
);
const text = fc.record({ type: fc.constant("text" as const), text: word });
const image = fc.record({ type: fc.constant("image" as const), source });
const pdf = fc.record({
  type: fc.constant("file" as const),
  source: fc.record({ type: fc.constant("base64" as const), media_type: fc.constant("application/pdf"), data: base64 }),
  filename: name,
});
const reasoning = fc.record({ type: fc.constant("reasoning" as const), text: word, signature: name });
const call = fc.record({
  type: fc.constant("tool_call" as const),
  id: fc.uuid().map((id) => `call_${id}`),
  name,
  arguments: fc.dictionary(name, fc.oneof(word, fc.integer(), fc.boolean())).map((value) => JSON.stringify(value)),
});

const userTurn = fc.record({
  role: fc.constant("user" as const),
  content: fc.array(fc.oneof(text, image, pdf) as fc.Arbitrary<UserPart>, { minLength: 1, maxLength: 3 }),
});

/** An answer, and for each of its calls a result, as real conversations have them. */
const exchange: fc.Arbitrary<Turn[]> = fc
  .record({
    thought: fc.option(reasoning, { nil: undefined }),
    said: fc.option(text, { nil: undefined }),
    calls: fc.array(call, { maxLength: 3 }),
    results: fc.array(fc.record({ text, is_error: fc.boolean() }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ thought, said, calls, results }) => {
    const content: AssistantPart[] = [thought, said ?? { type: "text" as const, text: "." }, ...calls].filter(
      (part) => part !== undefined,
    );
    const turns = calls.map(({ id }, index): ToolTurn => ({
      role: "tool",
      tool_call_id: id,
      content: results.slice(index, index + 1).map((result) => result.text),
      is_error: results[index]?.is_error ?? false,
    }));
    return [{ role: "assistant", content }, ...turns];
  });

const tools = fc.uniqueArray(
  fc.record({
    name,
    description: word,
    schema: fc.constant({ type: "object", properties: { a: { type: "string" } } }),
  }),
  { selector: (tool) => tool.name, minLength: 1, maxLength: 3 },
);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });

const forms: fc.Arbitrary<RequestForm> = fc
  .record({
    first: userTurn,
    rounds: fc.array(fc.tuple(exchange, userTurn), { maxLength: 3 }),
    system: fc.oneof(fc.constant(""), word),
    tools,
    choice: maybe(fc.constantFrom("auto" as const, "none" as const, "required" as const, "named" as const)),
    parallel: maybe(fc.boolean()),
    max_tokens: fc.nat(100_000),
    stop: fc.array(word, { maxLength: 3 }),
    temperature: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
    top_p: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
    effort: maybe(fc.constantFrom("low", "medium", "high")),
    format: maybe(fc.record({ type: fc.constant("json_schema" as const), schema: fc.constant({ type: "object" }) })),
    user: maybe(name),
    stream: fc.boolean(),
  })
  .map(({ first, rounds, choice, parallel, effort, format, ...rest }) => ({
    ...rest,
    family: "responses" as const,
    model: "m",
    messages: [first, ...rounds.flatMap(([answer, next]) => [...answer, next])],
    builtin_tools: [],
    tool_choice: choice === "named" ? { name: rest.tools[0]?.name ?? "" } : choice,
    parallel_tool_calls: parallel,
    top_k: undefined,
    seed: undefined,
    presence_penalty: undefined,
    frequency_penalty: undefined,
    response_format: format,
    reasoning: effort === undefined ? undefined : { enabled: true, effort },
    metadata: {},
    previous_response_id: undefined,
    raw: undefined,
  }));

/** Chat has no signatures and no failed tools, and a schema has a name. */
function asChat(form: RequestForm): Partial<RequestForm> {
  const { response_format: format } = form;
  return {
    family: "chat_completions",
    response_format: format?.type === "json_schema" ? { name: "answer", ...format } : format,
    messages: form.messages.map((turn): Turn => {
      if (turn.role === "tool") return { ...turn, is_error: false };
      if (turn.role !== "assistant") return turn;
      return {
        ...turn,
        content: turn.content.map((part) => (part.type === "reasoning" ? { type: part.type, text: part.text } : part)),
      };
    }),
  };
}

/** Messages say whose user it is in `metadata`, speak of parallel calls only with a choice, and not with `none`. */
function asMessages(form: RequestForm): Partial<RequestForm> {
  const { parallel_tool_calls: parallel, tool_choice: choice, user } = form;
  return {
    family: "messages",
    metadata: user === undefined ? {} : { user_id: user },
    tool_choice: choice ?? (parallel === undefined ? undefined : "auto"),
    parallel_tool_calls: choice === "none" ? undefined : parallel,
  };
}

function withoutRaw({ raw: _raw, ...form }: RequestForm): object {
  return form;
}

function callsOf({ messages }: RequestForm): unknown[] {
  return messages.flatMap<unknown>((turn) => {
    if (turn.role === "tool") return [turn.tool_call_id];
    return turn.role === "assistant" ? turn.content.filter((part) => part.type === "tool_call") : [];
  });
}

function saidBy({ messages }: RequestForm): string {
  return messages
    .flatMap(({ content }) => content.flatMap((part) => (part.type === "text" ? [part.text] : [])))
    .join("");
}
