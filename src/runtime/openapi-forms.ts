import type { Endpoint, EndpointMethod, Family } from "../model/endpoints.ts";

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

interface Form {
  /** Where the family's own reference is. */
  readonly docs: string;
  readonly request: JsonSchema;
  readonly answer: JsonSchema;
  /** What its stream says; absent: it has none. */
  readonly events?: string;
}

const string = { type: "string" };
const integer = { type: "integer" };
const stream = { type: "boolean", description: "true: the answer is a stream of server-sent events", default: false };

/** Open, since clients send more than any document lists. */
function body(required: readonly string[], properties: JsonSchema): JsonSchema {
  return { type: "object", required, properties, additionalProperties: true };
}

function answer(object: JsonSchema, properties: JsonSchema): JsonSchema {
  const all = { id: string, model: string, ...object, ...properties };
  return body(Object.keys(all), all);
}

const listOfObjects = { type: "array", items: { type: "object" } };

/** What the `/v1` endpoints take and give, as far as their families' documents are the same for every server. */
export const forms: Readonly<Partial<Record<EndpointMethod, Form>>> = {
  chat_completions: {
    docs: "https://platform.openai.com/docs/api-reference/chat/create",
    request: body(["messages"], { model: string, messages: listOfObjects, stream }),
    answer: answer({ object: { const: "chat.completion" } }, { created: integer, choices: listOfObjects }),
    events: "`data:` with a `chat.completion.chunk` each, and `data: [DONE]` at the end",
  },
  completions: {
    docs: "https://platform.openai.com/docs/api-reference/completions/create",
    request: body(["prompt"], { model: string, prompt: { type: ["string", "array", "null"] }, stream }),
    answer: answer({ object: { const: "text_completion" } }, { created: integer, choices: listOfObjects }),
    events: "`data:` with a `text_completion` each, and `data: [DONE]` at the end",
  },
  embeddings: {
    docs: "https://platform.openai.com/docs/api-reference/embeddings/create",
    request: body(["input"], {
      model: string,
      input: { type: ["string", "array"] },
      encoding_format: { enum: ["float", "base64"], default: "float" },
    }),
    answer: body(["object", "data", "model", "usage"], {
      object: { const: "list" },
      data: listOfObjects,
      model: string,
      usage: { type: "object" },
    }),
  },
  responses: {
    docs: "https://platform.openai.com/docs/api-reference/responses/create",
    request: body([], { model: string, input: { type: ["string", "array"] }, stream }),
    answer: answer({ object: { const: "response" } }, { created_at: { type: "number" }, output: listOfObjects }),
    events: "`event:` with the type and `data:` with the event, from `response.created` to `response.completed`",
  },
  messages: {
    docs: "https://docs.anthropic.com/en/api/messages",
    request: body(["messages"], { model: string, max_tokens: integer, messages: listOfObjects, stream }),
    answer: answer(
      { type: { const: "message" }, role: { const: "assistant" } },
      { content: listOfObjects, stop_reason: { type: ["string", "null"] }, usage: { type: "object" } },
    ),
    events: "`event:` with the type and `data:` with the event, from `message_start` to `message_stop`",
  },
};

/** The bodies of errors, by family. */
export const errorForms: Readonly<Record<Exclude<Family, "websocket">, JsonSchema>> = {
  json: body(["error"], { error: string }),
  openai: body(["error"], {
    error: body(["message", "type", "param", "code"], {
      message: string,
      type: string,
      param: { type: ["string", "null"] },
      code: { type: ["string", "null"] },
    }),
  }),
  anthropic: body(["type", "error"], {
    type: { const: "error" },
    error: body(["type", "message"], { type: string, message: string }),
    request_id: string,
  }),
};

export const tokenCount: JsonSchema = body(["input_tokens"], { input_tokens: { ...integer, minimum: 0 } });

/** The name that an endpoint's schemas have among the document's components. */
export function schemaName({ method }: Endpoint, side: "input" | "output"): string {
  return `${method}_${side}`;
}
