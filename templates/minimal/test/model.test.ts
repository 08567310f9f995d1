import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createTestModel } from "truss-ts/testing";
import { Model } from "../model/model.ts";

let model: Awaited<ReturnType<typeof createTestModel>>;

before(async () => {
  model = await createTestModel(Model);
});
after(() => model.close());

test("greets", async () => {
  const response = await model.post("/predict", { prompt: "Ada" });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { output: "Hello, Ada!" });
});

test("refuses a request without a prompt", async () => {
  const response = await model.post("/predict", {});
  assert.equal(response.status, 400);
  assert.match(await response.text(), /prompt/);
});
