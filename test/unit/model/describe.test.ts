import { describe, expect, it } from "vitest";
import { describeModel } from "../../../src/model/describe.ts";

const file = "model/model.ts";
const faultsOf = (target: object) => describeModel(target, file).faults;

describe("describeModel", () => {
  it("finds methods on the prototype chain and on the instance", () => {
    class Base {
      predict(input: unknown) {
        return input;
      }
      load() {}
    }
    class Model extends Base {
      chat_completions = (input: unknown) => input;
      is_healthy() {}
    }
    const { endpoints, hooks, faults } = describeModel(new Model(), file);
    expect(endpoints.map(({ method, path }) => [method, path])).toEqual([
      ["predict", "/predict"],
      ["chat_completions", "/v1/chat/completions"],
    ]);
    expect([...hooks]).toEqual(["load", "is_healthy"]);
    expect(faults).toEqual([]);
  });

  it("lists endpoints in the table's order, whatever the class's", () => {
    const model = {
      websocket() {},
      messages() {},
      responses() {},
      embeddings() {},
      completions() {},
      chat_completions() {},
      predict() {},
    };
    expect(describeModel(model, file).endpoints.map(({ method }) => method)).toEqual([
      "predict",
      "chat_completions",
      "completions",
      "embeddings",
      "responses",
      "messages",
      "websocket",
    ]);
  });

  it("T44 no endpoint", () => {
    const [fault] = faultsOf({ load() {}, close() {} });
    expect(fault).toMatchObject({ code: "NO_ENDPOINT", file });
    for (const name of ["predict", "chat_completions", "messages", "websocket"]) expect(fault?.hint).toContain(name);
  });

  it.each([
    ["chatCompletions", "chat_completions"],
    ["Chat_Completions", "chat_completions"],
    ["isHealthy", "is_healthy"],
    ["countTokens", "count_tokens"],
    ["setupEnvironment", "setup_environment"],
    ["Predict", "predict"],
    ["webSocket", "websocket"],
    ["pre_process", "preprocess"],
  ])("the twin %s of %s", (twin, name) => {
    const [fault, ...more] = faultsOf({ [twin]() {} });
    expect(fault).toMatchObject({ code: "METHOD_MISNAMED", file, hint: `rename ${twin} to ${name}` });
    expect(fault?.message).toContain(`did you mean ${name}?`);
    expect(more).toEqual([]);
  });

  it("a twin in a base class, and one that is no method", () => {
    class Base {
      chatCompletions() {}
    }
    class Model extends Base {
      predict() {}
      isHealthy = true;
    }
    expect(faultsOf(new Model()).map(({ message }) => message)).toEqual([expect.stringContaining("chatCompletions")]);
  });

  it.each([
    [5, "a number"],
    ["text", "a string"],
    [{}, "an object"],
    [[], "an array"],
    [true, "a boolean"],
  ])("a known name that holds %j", (value, label) => {
    expect(faultsOf({ predict: value })).toEqual([
      { code: "METHOD_NOT_A_FUNCTION", message: `predict is ${label}, not a function`, hint: expect.any(String), file },
    ]);
  });

  it.each([undefined, null])("a known name that holds %s is absent", (value) => {
    expect(faultsOf({ predict() {}, close: value })).toEqual([]);
  });

  it.each([
    ["predict", (_a: unknown, _b: unknown, _c: unknown) => 1, "write predict(input, request)"],
    ["load", (_a: unknown) => 1, "write load()"],
    ["is_healthy", (_a: unknown) => 1, "write is_healthy()"],
    ["close", (_a: unknown) => 1, "write close()"],
    ["setup_environment", (_a: unknown, _b: unknown) => 1, "write setup_environment(environment)"],
    ["websocket", (_a: unknown, _b: unknown, _c: unknown) => 1, "write websocket(socket, request)"],
  ])("T28 T50 %s with too many parameters", (name, method, hint) => {
    expect(faultsOf({ completions() {}, [name]: method })).toEqual([
      expect.objectContaining({ code: "METHOD_SIGNATURE", hint, file }),
    ]);
  });

  it.each(["preprocess", "postprocess"])("%s without predict", (name) => {
    expect(faultsOf({ messages() {}, [name]() {} })).toEqual([
      expect.objectContaining({ code: "METHOD_COMBINATION", message: expect.stringContaining(name), file }),
    ]);
  });

  it("T46 websocket beside predict is fine", () => {
    expect(faultsOf({ predict() {}, preprocess() {}, postprocess() {}, websocket() {} })).toEqual([]);
  });

  it("tells all faults at once", () => {
    const codes = faultsOf({ predict: 1, load(_a: unknown) {}, chatCompletions() {}, preprocess() {} }).map(
      ({ code }) => code,
    );
    expect(codes.sort()).toEqual([
      "METHOD_COMBINATION",
      "METHOD_MISNAMED",
      "METHOD_NOT_A_FUNCTION",
      "METHOD_SIGNATURE",
    ]);
  });

  it("a getter that throws counts as absent", () => {
    const model = {
      predict() {},
      get close(): unknown {
        throw new Error("not yet");
      },
    };
    expect(describeModel(model, file)).toMatchObject({ faults: [], hooks: new Set() });
  });
});
