import { readFileSync } from "node:fs";
import * as zod from "zod";
import { expect, it } from "vitest";
import { createConfigSchema } from "../../../src/project/schema.ts";

const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
const { shape } = createConfigSchema(zod).unwrap().unwrap();

const { truss_ts } = shape.model_metadata.unwrap().unwrap().shape;
const keys = [shape, shape.runtime.unwrap().unwrap().shape, truss_ts.unwrap().unwrap().shape].flatMap(Object.keys);

it.each(keys)("docs/configuration.md tells of %s", (key) => {
  expect(page).toContain(`\`${key}\``);
});
