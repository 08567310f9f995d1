import { readFileSync } from "node:fs";
import * as zod from "zod";
import { expect, it } from "vitest";
import { createConfigSchema } from "../../../src/project/schema.ts";

const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
const { shape } = createConfigSchema(zod).unwrap().unwrap();

it.each([...Object.keys(shape), ...Object.keys(shape.runtime.unwrap().unwrap().shape)])(
  "docs/configuration.md tells of %s",
  (key) => {
    expect(page).toContain(`\`${key}\``);
  },
);
