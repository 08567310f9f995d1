import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHttpError } from "../../../src/errors.ts";
import { messagesFrom } from "../../../src/wire/messages-from.ts";
import type { RequestFamily } from "../../../src/wire/messages-from/form.ts";
import { toChatRequest } from "../../../src/wire/messages-from/to-chat.ts";
import { toMessageRequest } from "../../../src/wire/messages-from/to-messages.ts";
import { textOfTurn } from "../../../src/wire/messages-from/turns.ts";

const png = "iVBORw0KGgo=";
const hi = [{ role: "user", content: "Hi" }];
const schema = { type: "object", properties: { city: { type: "string" } } };
const weather = { name: "weather", description: "Tells the weather", schema };
const call = { type: "tool_call", id: "call_1", name: "weather", arguments: '{"city":"Bern"}' };

describe("the family of a request", () => {
  it.each<[RequestFamily, object]>([
    ["completions", { prompt: "Hi" }],
    ["completions", { prompt: ["Hi"] }],
    ["responses", { input: "Hi" }],
    ["responses", { input: [] }],
    ["responses", { prompt: { id: "pmpt_1" } }],
    ["responses", { previous_response_id: "resp_1" }],
    ["chat_completions", { messages: hi }],
    ["chat_completions", { messages: hi, max_tokens: 5, temperature: 1, thinking: { type: "enabled" }, top_k: 4 }],
    ["chat_completions", { messages: [{ role: "system", content: "Be brief" }, ...hi] }],
    ["chat_completions", { messages: hi, tool_choice: "auto", prompt: "kept by some proxy" }],
    ["messages", { messages: hi, max_tokens: 5, system: "Be brief" }],
    ["messages", { messages: hi, tools: [{ name: "a", input_schema: {} }] }],
    ["messages", { messages: hi, tool_choice: { type: "any" }, tools: [] }],
    ["messages", { messages: [...hi, { role: "system", content: "Now brief" }], system: "Be kind" }],
    [
      "messages",
      {
        messages: [
          {
            role: "user",
            content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: png } }],
          },
        ],
      },
    ],
  ])("is %s for %j", (family, body) => {
    expect(messagesFrom(body).family).toBe(family);
  });

  it("reads the same either way where nothing tells them apart", () => {
    const body = { model: "m", max_tokens: 5, messages: [...hi, { role: "assistant", content: "Hello" }, ...hi] };
    const { family: _one, ...chat } = messagesFrom(body, "chat_completions");
    const { family: _other, ...messages } = messagesFrom(body, "messages");
    expect(chat).toEqual(messages);
  });

  it("is refused where the body is of both, and where it is of none", () => {
    const both = { system: "Be brief", messages: [{ role: "tool", tool_call_id: "a", content: "b" }] };
    expect(refusalOf(both)).toMatchObject({ status: 400, param: "system" });
    expect(messagesFrom(both, "chat_completions").family).toBe("chat_completions");
    expect(refusalOf({ model: "m" })).toMatchObject({ status: 400, param: "messages" });
  });
});

describe("chat completions", () => {
  it("reads all that it knows", () => {
    const body = {
      model: "m",
      messages: [
        { role: "system", content: "Be brief" },
        { role: "developer", content: [{ type: "text", text: "Be kind" }] },
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${png}`, detail: "low" } },
            { type: "image_url", image_url: { url: "https://example.com/a.png" } },
            { type: "file", file: { file_data: `data:application/pdf;base64,${png}`, filename: "a.pdf" } },
            { type: "input_audio", input_audio: { format: "wav", data: png } },
            { type: "video_url", video_url: { url: "https://example.com/a.mp4" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          reasoning_content: "Hm",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } }],
        },
        { role: "tool", tool_call_id: "call_1", content: "Rain" },
        { role: "system", content: "Now in French" },
        { role: "assistant", content: [{ type: "refusal", refusal: "Non" }] },
      ],
      tools: [
        { type: "function", function: { name: "weather", description: "Tells the weather", parameters: schema } },
        { type: "custom", custom: { name: "patch" } },
      ],
      tool_choice: { type: "function", function: { name: "weather" } },
      parallel_tool_calls: false,
      max_tokens: 9,
      max_completion_tokens: 10,
      stop: "END",
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      response_format: { type: "json_schema", json_schema: { name: "city", schema, strict: true } },
      reasoning_effort: "high",
      stream: true,
      user: "u1",
      metadata: { a: "b" },
      unknown: 1,
    };
    const form = messagesFrom(body);
    expect(form).toEqual({
      family: "chat_completions",
      model: "m",
      system: "Be brief\n\nBe kind",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: png }, detail: "low" },
            { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
            {
              type: "file",
              source: { type: "base64", media_type: "application/pdf", data: png },
              filename: "a.pdf",
            },
            { type: "audio", format: "wav", data: png },
            { type: "other", raw: { type: "video_url", video_url: { url: "https://example.com/a.mp4" } } },
          ],
        },
        { role: "assistant", content: [{ type: "reasoning", text: "Hm" }, call] },
        { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "Rain" }], is_error: false },
        { role: "system", content: [{ type: "text", text: "Now in French" }] },
        { role: "assistant", content: [{ type: "refusal", text: "Non" }] },
      ],
      tools: [weather],
      builtin_tools: [{ type: "custom", custom: { name: "patch" } }],
      tool_choice: { name: "weather" },
      parallel_tool_calls: false,
      max_tokens: 10,
      stop: ["END"],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      response_format: { type: "json_schema", name: "city", schema, strict: true },
      reasoning: { enabled: true, effort: "high" },
      stream: true,
      user: "u1",
      metadata: { a: "b" },
      previous_response_id: undefined,
      raw: body,
    });
    expect(form.raw.unknown).toBe(1);
    expect(form.messages.map(textOfTurn)).toEqual(["What is this?", "", "Rain", "Now in French", ""]);
  });

  it("reads the old functions as tools", () => {
    const form = messagesFrom({
      functions: [{ name: "weather", description: "Tells the weather", parameters: schema }],
      function_call: { name: "weather" },
      messages: [
        ...hi,
        { role: "assistant", content: null, function_call: { name: "weather", arguments: '{"city":"Bern"}' } },
        { role: "function", name: "weather", content: "Rain" },
      ],
    });
    expect(form).toMatchObject({ tools: [weather], tool_choice: { name: "weather" } });
    expect(form.messages.slice(1)).toEqual([
      { role: "assistant", content: [{ ...call, id: "call_1" }] },
      { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "Rain" }], is_error: false },
    ]);
  });

  it("leaves out the tools that are not allowed", () => {
    const tools = ["a", "b"].map((name) => ({ type: "function", function: { name } }));
    const allowed = { mode: "required", tools: [{ type: "function", function: { name: "b" } }] };
    const form = messagesFrom({ messages: hi, tools, tool_choice: { type: "allowed_tools", allowed_tools: allowed } });
    expect(form).toMatchObject({ tools: [{ name: "b", schema: { type: "object" } }], tool_choice: "required" });
  });

  it("takes null for nothing", () => {
    const nulls = ["model", "stop", "max_tokens", "temperature", "tools", "tool_choice", "stream", "metadata"];
    const body = Object.fromEntries(nulls.map((key) => [key, null]));
    const { raw: _raw, ...form } = messagesFrom({ ...body, messages: hi });
    const { raw: _bare, ...bare } = messagesFrom({ messages: hi });
    expect(form).toEqual(bare);
  });
});

describe("completions", () => {
  it.each(["Once", ["Once"]])("reads %j as what the user says", (prompt) => {
    const form = messagesFrom({ prompt, max_tokens: 5, stop: ["a", "b"] });
    expect(form).toMatchObject({ family: "completions", system: "", max_tokens: 5, stop: ["a", "b"] });
    expect(form.messages).toEqual([{ role: "user", content: [{ type: "text", text: "Once" }] }]);
  });

  it.each([[["a", "b"]], [[1, 2]], [[[1], [2]]]])("refuses %j", (prompt) => {
    expect(refusalOf({ prompt })).toMatchObject({ status: 400, param: "prompt" });
  });
});

describe("responses", () => {
  it("reads all that it knows", () => {
    const webSearch = { type: "web_search", filters: {} };
    const search = { type: "web_search_call", id: "ws_1", status: "completed" };
    const body = {
      model: "m",
      instructions: "Be brief",
      input: [
        { role: "developer", content: "Be kind" },
        {
          type: "message",
          role: "user",
          content: [
            { type: "input_text", text: "What is this?" },
            { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "high" },
            { type: "input_image", file_id: "file_1" },
            { type: "input_file", file_url: "https://example.com/a.pdf" },
          ],
        },
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm" }], encrypted_content: "sig" },
        {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: "Let me look", annotations: [] }],
        },
        search,
        { type: "function_call", call_id: "call_1", name: "weather", arguments: '{"city":"Bern"}' },
        {
          type: "function_call_output",
          call_id: "call_1",
          output: [
            { type: "input_text", text: "Rain" },
            { type: "input_image", image_url: "https://example.com/rain.png" },
          ],
        },
        { type: "custom_tool_call", call_id: "call_2", name: "patch", input: "***" },
        { type: "custom_tool_call_output", call_id: "call_2", output: "done" },
      ],
      tools: [{ type: "function", name: "weather", description: "Tells the weather", parameters: schema }, webSearch],
      tool_choice: "required",
      max_output_tokens: 10,
      text: { format: { type: "json_schema", name: "city", schema } },
      reasoning: { effort: "low", summary: "auto" },
      safety_identifier: "u1",
    };
    const form = messagesFrom(body);
    expect(form).toMatchObject({
      family: "responses",
      system: "Be brief\n\nBe kind",
      tools: [weather],
      builtin_tools: [webSearch],
      tool_choice: "required",
      max_tokens: 10,
      stop: [],
      response_format: { type: "json_schema", name: "city", schema },
      reasoning: { enabled: true, effort: "low" },
      user: "u1",
      stream: false,
    });
    expect(form.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: png }, detail: "high" },
          { type: "image", source: { type: "file_id", file_id: "file_1" } },
          { type: "file", source: { type: "url", url: "https://example.com/a.pdf" } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "Hm", signature: "sig" },
          { type: "text", text: "Let me look" },
          { type: "other", raw: search },
          call,
        ],
      },
      {
        role: "tool",
        tool_call_id: "call_1",
        content: [
          { type: "text", text: "Rain" },
          { type: "image", source: { type: "url", url: "https://example.com/rain.png" } },
        ],
        is_error: false,
      },
      { role: "assistant", content: [{ type: "tool_call", id: "call_2", name: "patch", arguments: "***" }] },
      { role: "tool", tool_call_id: "call_2", content: [{ type: "text", text: "done" }], is_error: false },
    ]);
  });

  it.each(["", []])("reads the empty input %j as no turn", (input) => {
    expect(messagesFrom({ input }).messages).toEqual([]);
  });
});

describe("messages", () => {
  it("refuses a call's input that nests too deeply to be written again", () => {
    let input: object = {};
    for (let level = 0; level < 100_000; level += 1) input = { input };
    const content = [{ type: "tool_use", id: "a", name: "f", input }];
    const refused = refusalOf({ messages: [{ role: "assistant", content }] }, "messages");
    expect(refused).toMatchObject({ status: 400, param: "messages[0].content[0].input" });
  });

  it("reads all that it knows", () => {
    const webSearch = { type: "web_search_20250305", name: "web_search" };
    const form = messagesFrom({
      model: "m",
      system: [
        { type: "text", text: "Be brief", cache_control: { type: "ephemeral" } },
        { type: "text", text: "Be kind" },
      ],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
            { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
            { type: "document", title: "a.txt", source: { type: "text", media_type: "text/plain", data: "Hello" } },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm", signature: "sig" },
            { type: "redacted_thinking", data: "xyz" },
            { type: "text", text: "Let me look" },
            { type: "tool_use", id: "call_1", name: "weather", input: { city: "Bern" } },
          ],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "call_1",
              is_error: true,
              content: [
                { type: "text", text: "Rain" },
                { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
              ],
            },
            { type: "text", text: "And now?" },
          ],
        },
      ],
      tools: [{ name: "weather", description: "Tells the weather", input_schema: schema }, webSearch],
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      max_tokens: 10,
      stop_sequences: ["END"],
      top_k: 5,
      thinking: { type: "enabled", budget_tokens: 2048 },
      output_config: { effort: "high", format: { type: "json_schema", schema } },
      metadata: { user_id: "u1" },
      stream: true,
    });
    expect(form).toMatchObject({
      family: "messages",
      system: "Be brief\n\nBe kind",
      tools: [weather],
      builtin_tools: [webSearch],
      tool_choice: "required",
      parallel_tool_calls: false,
      max_tokens: 10,
      stop: ["END"],
      top_k: 5,
      reasoning: { enabled: true, effort: "high", budget_tokens: 2048 },
      response_format: { type: "json_schema", schema },
      user: "u1",
      stream: true,
    });
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
    expect(form.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          image,
          { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
          { type: "file", source: { type: "text", text: "Hello" }, filename: "a.txt" },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "Hm", signature: "sig" },
          { type: "reasoning", text: "", redacted: "xyz" },
          { type: "text", text: "Let me look" },
          call,
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "Rain" }, image], is_error: true },
      { role: "user", content: [{ type: "text", text: "And now?" }] },
    ]);
  });

  it("names one of the tools, or one of Anthropic's own", () => {
    const tools = [
      { name: "weather", input_schema: {} },
      { type: "bash_20250124", name: "bash" },
    ];
    for (const name of ["weather", "bash"]) {
      expect(messagesFrom({ messages: hi, tools, tool_choice: { type: "tool", name } }).tool_choice).toEqual({ name });
    }
    const unknown = { messages: hi, tools, tool_choice: { type: "tool", name: "other" } };
    expect(refusalOf(unknown)).toMatchObject({ param: "tool_choice.name" });
  });
});

describe("what is malformed is a 400 that names the place", () => {
  const user = (part: unknown) => ({ messages: [...hi, { role: "user", content: [part] }] });

  it.each<[string, object, RequestFamily?]>([
    ["messages", { messages: "Hi" }],
    ["messages", { messages: [] }],
    ["messages[0]", { messages: ["Hi"] }],
    ["messages[0].role", { messages: [{ role: "robot", content: "Hi" }] }],
    ["messages[0].content", { messages: [{ role: "user" }] }],
    ["messages[0].content", { messages: [{ role: "user", content: null }] }],
    ["messages[1].content[0]", user("text")],
    ["messages[1].content[0].type", user({ text: "Hi" })],
    ["messages[1].content[0].text", user({ type: "text", text: 4 })],
    ["messages[1].content[0].image_url", user({ type: "image_url" })],
    ["messages[1].content[0].image_url.url", user({ type: "image_url", image_url: { url: "file:///etc/passwd" } })],
    ["messages[1].content[0].image_url.url", user({ type: "image_url", image_url: { url: "data:image/png;base64" } })],
    ["messages[1].content[0].image_url.url", user({ type: "image_url", image_url: { url: "data:a/b;base64,€" } })],
    ["messages[1].content[0].image_url.url", user({ type: "image_url", image_url: { url: "data:a/b,%zz" } })],
    ["messages[1].content[0].source", user({ type: "image" })],
    [
      "messages[1].content[0].source.data",
      user({ type: "image", source: { type: "base64", media_type: "image/png" } }),
    ],
    ["messages[1].content[0].tool_use_id", user({ type: "tool_result", content: "a" })],
    ["messages[0].tool_calls[0].function", { messages: [{ role: "assistant", tool_calls: [{ id: "a" }] }] }],
    ["messages[0].tool_call_id", { messages: [{ role: "tool", content: "a" }] }],
    ["tools[0].function.name", { messages: hi, tools: [{ type: "function", function: {} }] }],
    [
      "tools[0].function.parameters",
      { messages: hi, tools: [{ type: "function", function: { name: "a", parameters: 1 } }] },
    ],
    ["tool_choice", { messages: hi, tool_choice: "maybe" }],
    ["tool_choice.function.name", { messages: hi, tool_choice: { type: "function", function: { name: "a" } } }],
    ["stop", { messages: hi, stop: 4 }],
    ["stop[1]", { messages: hi, stop: ["a", 4] }],
    ["max_tokens", { messages: hi, max_tokens: -1 }],
    ["max_tokens", { messages: hi, max_tokens: 1.5 }],
    ["temperature", { messages: hi, temperature: "hot" }],
    ["stream", { messages: hi, stream: "yes" }],
    ["metadata", { messages: hi, metadata: [] }],
    [
      "response_format.json_schema.schema",
      { messages: hi, response_format: { type: "json_schema", json_schema: { schema: 1 } } },
    ],
    ["input", { input: 4 }],
    ["input[0]", { input: ["Hi"] }],
    ["input[0].type", { input: [{ type: 4 }] }],
    ["input[0].role", { input: [{ type: "message", content: "a" }] }],
    ["input[0].call_id", { input: [{ type: "function_call", name: "a", arguments: "{}" }] }],
    ["input[0].output", { input: [{ type: "function_call_output", call_id: "a" }] }],
    ["input[0]", { input: [{ type: "item_reference", id: "msg_1" }] }],
    ["system[0].text", { messages: hi, system: [{ type: "text" }] }],
    ["thinking.type", { messages: hi, thinking: {} }, "messages"],
    ["metadata.user_id", { messages: hi, metadata: { user_id: 4 } }, "messages"],
  ])("%s in %j", (param, body, family) => {
    expect(refusalOf(body, family)).toMatchObject({
      status: 400,
      param,
      message: expect.stringContaining(param) as unknown,
    });
  });

  it.each([null, undefined, "Hi", 4, [hi]])("the body %j itself", (body) => {
    expect(refusalOf(body as unknown as object)).toMatchObject({ status: 400 });
  });

  it("takes no time over what is long", () => {
    const blank = " ".repeat(1_000_000);
    const url = `data:image/png;base64,${blank}!`;
    expect(refusalOf(user({ type: "image_url", image_url: { url } }))).toMatchObject({ status: 400 });
  });

  it("takes no inherited name for a field", () => {
    expect(refusalOf({ messages: [{ role: "constructor", content: "a" }] })).toMatchObject({
      param: "messages[0].role",
    });
    expect(
      messagesFrom(JSON.parse('{"messages":[{"role":"user","content":"a"}],"__proto__":{"stream":true}}') as object)
        .stream,
    ).toBe(false);
  });
});

describe("whatever a client sends", () => {
  const bodies: [RequestFamily, object][] = [
    [
      "chat_completions",
      { messages: [...hi, { role: "assistant", content: null, tool_calls: [] }], tools: [], stop: "a" },
    ],
    [
      "responses",
      { input: [{ type: "function_call", call_id: "a", name: "b", arguments: "{}" }], text: { format: {} } },
    ],
    ["messages", { messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "a" }] }], thinking: {} }],
    ["completions", { prompt: "a", max_tokens: 1 }],
  ];
  const keys = "messages input role type content tools tool_choice function name system source image_url format".split(
    " ",
  );
  const junk = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("user", "tool", "text", "image", "image_url", "tool_use", "function", "message", "reasoning", ""),
      fc.constantFrom(null, 0, -1, 1.5, true, "data:,", "data:a;base64,%", "https://a"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie("value"), { maxKeys: 4 }),
    ),
  })).value;

  it("is read, or refused with a 400 and a place", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.dictionary(fc.constantFrom(...keys), junk),
        fc.boolean(),
        (one, more, told) => {
          const [family, body] = one;
          try {
            const form = messagesFrom({ ...body, ...more }, told ? family : undefined);
            expect(form.messages.every(({ role }) => ["system", "user", "assistant", "tool"].includes(role))).toBe(
              true,
            );
            toChatRequest(form);
            toMessageRequest(form);
          } catch (error) {
            if (!isHttpError(error)) throw error;
            expect(error).toMatchObject({ status: 400, param: expect.stringMatching(/^\w+/) as unknown });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function refusalOf(body: object, family?: RequestFamily) {
  try {
    messagesFrom(body, family);
  } catch (error) {
    if (isHttpError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
