import { describe, expect, it } from "vitest";
import { canonicalPath } from "../../../src/runtime/paths.ts";

describe("canonicalPath", () => {
  it.each([
    ["/", "/health/live"],
    ["/health/live", "/health/live"],
    ["/predict", "/predict"],
    ["/invocations", "/predict"],
    ["/v1/models/model:predict", "/predict"],
    ["/v1/models/any-name:predict_binary", "/predict"],
    ["/v1/models/model%3apredict", "/predict"],
    ["/v1/models/model%3Apredict", "/predict"],
    ["/v1/models/model", "/health/ready"],
    ["/v1/models/model/loaded", "/ping"],
    ["/v1/models/model/schema", "/schema"],
    ["/v1/models/model/other", "/v1/models/model/other"],
    ["/v1/models/", "/v1/models/"],
    ["/websocket", "/v1/websocket"],
    ["/environments/production/predict", "/predict"],
    ["/environments/production/websocket", "/v1/websocket"],
    ["/environments/production/sync/v1/chat/completions", "/v1/chat/completions"],
    ["/environments/production/sync/", "/health/live"],
    ["/environments/a b/sync/predict", "/predict"],
    ["/production/predict", "/predict"],
    ["/development/sync/v1/models/model", "/health/ready"],
    ["/deployment/abc/sync/v1/messages", "/v1/messages"],
    ["/deployment/abc/websocket", "/v1/websocket"],
  ])("%s → %s", (raw, canonical) => expect(canonicalPath(raw)).toBe(canonical));

  it.each([
    "/environments/production",
    "/environments//predict",
    "/environments/production/v1/chat/completions",
    "/environments/production/async_predict",
    "/staging/predict",
    "/production/production/predict",
    "/v1/chat/completions/",
    "//predict",
    "/Predict",
    "",
    "*",
  ])("%s stays as it is", (raw) => expect(canonicalPath(raw)).toBe(raw));

  it("a platform path inside a platform path is not unwrapped twice", () => {
    expect(canonicalPath("/production/sync/production/predict")).toBe("/production/predict");
  });
});
