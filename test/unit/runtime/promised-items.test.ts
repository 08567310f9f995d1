import { afterEach, beforeEach, expect, it } from "vitest";
import { type TestModel, createTestModel } from "../../../src/testing.ts";

let model: TestModel;
let ended = 0;
beforeEach(async () => {
  model = await createTestModel(
    class {
      *predict({ fail }: { fail?: boolean }) {
        try {
          yield Promise.resolve("a");
          yield fail === true ? Promise.reject(new Error("second")) : Promise.resolve("b");
        } finally {
          ended += 1;
        }
      }
    },
  );
});
afterEach(() => model.close());

it.each([{}, { headers: { accept: "application/json" } }])(
  "what a plain generator promises is awaited: %j",
  async (init) => {
    const text = await (await model.post("/predict", {}, init)).text();
    expect(text).toBe("headers" in init ? '"ab"' : "ab");
  },
);

it("a promise that fails ends the generator, and the stream never cleanly", async () => {
  const before = ended;
  const response = await model.post("/predict", { fail: true });
  await expect(response.text()).rejects.toThrow();
  expect(ended).toBe(before + 1);
});
