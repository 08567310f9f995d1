import { Validator } from "@seriousme/openapi-schema-validator";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import type { ModelClass } from "../../../src/model/contract.ts";
import { type TestModel, createTestModel } from "../../../src/testing.ts";

const libraries = {
  zod: z.object({ prompt: z.string(), list: z.array(z.number()) }),
  valibot: v.object({ prompt: v.string(), list: v.array(v.number()) }),
  arktype: type({ prompt: "string", list: "number[]" }),
};

async function open(modelClass: ModelClass): Promise<TestModel> {
  const model = await createTestModel(modelClass);
  onTestFinished(() => model.close());
  return model;
}

function echoing(schema: unknown): ModelClass {
  return class {
    static schema = schema;
    predict = (input: unknown) => input;
    chat_completions = (input: unknown) => input;
    messages = (input: unknown) => input;
  };
}

describe.each(Object.entries(libraries))("a schema of %s", (library, schema) => {
  it("names the path of what is wrong, in each family's words", async () => {
    const model = await open(
      echoing({ predict: { input: schema }, chat_completions: { input: schema }, messages: { input: schema } }),
    );
    const wrong = { prompt: "a", list: [1, "b"] };
    const plain = await model.post("/predict", wrong);
    expect(plain.status).toBe(400);
    expect(((await plain.json()) as { error: string }).error).toMatch(/^Input Parsing Error:\n {2}`list\[1\]`: /);
    const openai = await model.post("/v1/chat/completions", { list: [] });
    expect(openai.status).toBe(400);
    expect(await openai.json()).toMatchObject({ error: { param: "prompt", type: "invalid_request_error" } });
    const anthropic = await model.post("/v1/messages", { list: [] });
    expect(anthropic.status).toBe(400);
    expect(await anthropic.json()).toMatchObject({
      type: "error",
      error: { type: "invalid_request_error", message: expect.stringContaining("`prompt`") },
    });
  });

  it("lets pass what is right", async () => {
    const model = await open(echoing({ predict: { input: schema, output: schema } }));
    const right = { prompt: "a", list: [1] };
    expect(await (await model.post("/predict", right)).json()).toEqual(right);
  });

  it("shows in the schema route and in a valid OpenAPI document, where the library can tell", async () => {
    const model = await open(echoing({ predict: { input: schema } }));
    const shown = (await (await model.fetch("/v1/models/model/schema")).json()) as { input_schema: unknown };
    const known =
      library === "valibot"
        ? null
        : expect.objectContaining({ type: "object", required: expect.arrayContaining(["prompt", "list"]) });
    expect(shown).toEqual({ input_schema: known, output_schema: null, supports_streaming: true });
    await expectValid(model);
  });
});

describe("the OpenAPI document", () => {
  const Node = z.object({
    name: z.string(),
    get children() {
      return z.array(Node);
    },
  });
  const Dated = z.object({ at: z.date(), n: z.number() });

  it.each<[string, ModelClass, readonly string[]]>([
    [
      "everything",
      everything(),
      [
        "/predict",
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
        "/v1/websocket",
        "/v1/messages/count_tokens",
      ],
    ],
    [
      "predict alone",
      class {
        predict = () => 1;
      },
      ["/predict"],
    ],
    [
      "a socket alone",
      class {
        websocket = () => undefined;
      },
      ["/v1/websocket"],
    ],
    ["a schema that refers to itself", typedBy({ input: Node, output: z.array(Node) }), ["/predict"]],
    ["a schema that JSON Schema cannot tell of", typedBy({ input: Dated }), ["/predict"]],
    ["a transforming schema", typedBy({ input: z.string().transform((text) => text.length) }), ["/predict"]],
    [
      "one name many times",
      typedBy({ input: z.object({ a: z.string().meta({ id: "A" }), b: z.string().meta({ id: "B" }) }) }),
      ["/predict"],
    ],
  ])("of %s is valid, and has what is served", async (_what, modelClass, paths) => {
    const { specification } = await expectValid(await open(modelClass));
    expect(Object.keys(specification["paths"] as object)).toEqual(paths);
  });

  it("leads references of a schema to itself to where it stands", async () => {
    const model = await open(typedBy({ input: Node }));
    const text = await (await model.fetch("/openapi.json")).text();
    expect(text).toContain('"items":{"$ref":"#/components/schemas/predict_input"}');
  });

  it("tells of bodies, answers, streams, errors and sockets", async () => {
    const { specification } = await expectValid(await open(everything()));
    expect(specification).toMatchObject({
      paths: {
        "/v1/messages": {
          post: {
            operationId: "messages",
            requestBody: {
              content: { "application/json": { schema: { $ref: "#/components/schemas/messages_input" } } },
            },
            responses: {
              200: { content: { "application/json": {}, "text/event-stream": {} } },
              "4XX": { content: { "application/json": { schema: { $ref: "#/components/schemas/anthropic_error" } } } },
            },
          },
        },
        "/v1/embeddings": { post: { responses: { 200: { content: { "application/json": {} } } } } },
        "/v1/websocket": { get: { responses: { 101: {} } } },
      },
    });
  });
});

describe("a static schema that is none", () => {
  it.each<[unknown, string]>([
    ["text", "schema must be an object with a schema for each method"],
    [{ predikt: { input: libraries.zod } }, "schema.predikt is of no method that takes a schema"],
    [{ predict: libraries.arktype }, "schema.predict must be { input, output }"],
    [{ predict: { input: { type: "object" } } }, "schema.predict.input is no Standard Schema"],
    [{ predict: { body: libraries.zod } }, "schema.predict.body is neither input nor output"],
  ])("%j is refused before anything is served", async (schema, message) => {
    await expect(createTestModel(echoing(schema))).rejects.toThrow(message);
  });
});

async function expectValid(model: TestModel): Promise<{ specification: Record<string, unknown> }> {
  const specification = (await (await model.fetch("/openapi.json")).json()) as Record<string, unknown>;
  const validator = new Validator();
  expect(await validator.validate(structuredClone(specification))).toMatchObject({ valid: true });
  expect(validator.version).toBe("3.1");
  return { specification };
}

function typedBy(schema: object): ModelClass {
  return class {
    static schema = { predict: schema };
    predict = (input: unknown) => input;
  };
}

function everything(): ModelClass {
  const answer = () => null;
  return class {
    predict = answer;
    chat_completions = answer;
    completions = answer;
    embeddings = answer;
    responses = answer;
    messages = answer;
    websocket = answer;
  };
}
