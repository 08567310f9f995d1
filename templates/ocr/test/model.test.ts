import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { createTestModel } from "truss-ts/testing";
import { Model } from "../model/model.ts";

let model: Awaited<ReturnType<typeof createTestModel>>;
let image: Buffer<ArrayBuffer>;

before(async () => {
  image = await readFile(new URL("invoice.png", import.meta.url));
  model = await createTestModel(Model);
});
after(() => model.close());

async function checkReading(response: Response): Promise<void> {
  const reading: unknown = await response.json();
  assert.equal(response.status, 200);
  assert.match(String(Reflect.get(Object(reading), "text")), /Invoice 2041\s+Total due: 1284 EUR/);
}

test("reads an uploaded image", async () => {
  const body = new FormData();
  body.set("image", new Blob([image], { type: "image/png" }), "invoice.png");
  await checkReading(await model.fetch("/predict", { method: "POST", body }));
});

test("reads base64, also as a data URL", async () => {
  const base64 = image.toString("base64");
  await checkReading(await model.post("/predict", { image: base64 }));
  await checkReading(await model.post("/predict", { image: `data:image/png;base64,${base64}` }));
});

test("refuses what is no image, and reads on", async () => {
  const damaged = Buffer.concat([image.subarray(0, 60), Buffer.alloc(200, 7)]).toString("base64");
  for (const input of [{}, { image: "aGVsbG8=" }, { image: damaged }]) {
    assert.equal((await model.post("/predict", input)).status, 400);
  }
  await checkReading(await model.post("/predict", { image: image.toString("base64") }));
});
