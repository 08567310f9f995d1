import { describe, expect, it } from "vitest";
import { canonicalPath, modelIdOf } from "../../../src/runtime/paths.ts";

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
    ["/v1/models/model/other", "/v1/models/{id}"],
    ["/v1/models/org/name/more", "/v1/models/{id}"],
    ["/v1/models/org%2Fname", "/health/ready"],
    ["/production/sync/v1/models/org/name", "/v1/models/{id}"],
    ["/v1/models", "/v1/models"],
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

describe("modelIdOf", () => {
  it.each([
    ["/v1/models/model", "model"],
    ["/v1/models/org/name", "org/name"],
    ["/v1/models/org%2Fname", "org/name"],
    ["/environments/staging/sync/v1/models/a%20b", "a b"],
    ["/v1/models/100%", "100%"],
    ["/v1/models/", undefined],
    ["/v1/models", undefined],
    ["/health/ready", undefined],
  ])("%s → %s", (raw, id) => expect(modelIdOf(raw)).toBe(id));
});
