import { describe, expect, test } from "vitest";
import { resolveRemote } from "../../../src/baseten/remote.ts";

describe("the hosts of a Baseten", () => {
  test.each([
    [undefined, "https://api.baseten.co", "https://model-m1.api.baseten.co"],
    ["https://app.baseten.co/", "https://api.baseten.co", "https://model-m1.api.baseten.co"],
    ["https://app.staging.baseten.co", "https://api.staging.baseten.co", "https://model-m1.api.staging.baseten.co"],
    ["https://app.dev.baseten.co", "https://api.mc-dev.baseten.co", "https://model-m1.api.mc-dev.baseten.co"],
    ["http://localhost:8000", "http://api.localhost:8000", "http://model-m1.api.localhost:8000"],
    ["https://baseten.example.com", "https://api.baseten.example.com", "https://model-m1.api.baseten.example.com"],
    ["http://127.0.0.1:8000", "http://127.0.0.1:8000", "http://127.0.0.1:8000"],
    ["http://[::1]:8000/", "http://[::1]:8000", "http://[::1]:8000"],
  ])("of %s", (dashboard, management, inference) => {
    const remote = resolveRemote({}, dashboard);
    expect(remote.managementUrl).toBe(management);
    expect(remote.inferenceUrl("m1")).toBe(inference);
  });

  test.each(["evil.example/", "a.b", "x@y", "", "a b"])("are not those that a model's id %j would name", (id) => {
    expect(() => resolveRemote({}).inferenceUrl(id)).toThrow(/not a model's id/);
  });

  test("can be overridden one by one", () => {
    const env = {
      BASETEN_MANAGEMENT_API_URL_OVERRIDE: "http://127.0.0.1:1/",
      BASETEN_INFERENCE_BASE_URL_OVERRIDE: "http://127.0.0.1:2/base/",
    };
    expect(resolveRemote(env).managementUrl).toBe("http://127.0.0.1:1");
    expect(resolveRemote(env).inferenceUrl("m1")).toBe("http://127.0.0.1:2/base");
    expect(resolveRemote(env).dashboardUrl).toBe("https://app.baseten.co");
  });

  test.each(["localhost:1", "ftp://x", "https://user:word@x", "nonsense"])("are not read from %s", (text) => {
    expect(() => resolveRemote({ BASETEN_MANAGEMENT_API_URL_OVERRIDE: text })).toThrow(/not a URL/);
  });
});
