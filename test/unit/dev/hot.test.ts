import { expect, it } from "vitest";
import { prepareHot } from "../../../src/dev/hot.ts";

it("rehearses large code only for a while: requests pass through the same process", async () => {
  const functions = Array.from(
    { length: 3000 },
    (_, index) => `function f${index}(a) { return a ? [a, ${index}] : 0; }`,
  );
  const code = `${functions.join("\n")}\nvar Model = class { predict() { return f1(); } };\nexport { Model };\n`;
  const start = { root: "/", bundle: "/bundle.mjs", modelFile: "model/model.ts" };
  expect(await prepareHot({ code, start } as Parameters<typeof prepareHot>[0])).toBeLessThan(25);
});
