import { beforeAll, describe, expect, it } from "vitest";
import { createStagedConfig } from "../../src/push/staged-config.ts";
import { readConfig } from "../../src/project/config.ts";
import { createTempProject } from "../unit/bundle/temp-project.ts";
import { accepted, laxer, refused, stricter } from "./config-cases.ts";
import { type Answer, askTruss, hasTruss } from "./truss.ts";

const cases = [
  ...accepted.map((text) => ({ text, ours: true, truss: true, why: "" })),
  ...refused.map((text) => ({ text, ours: false, truss: false, why: "" })),
  ...stricter.map(([text, why]) => ({ text, ours: false, truss: true, why })),
  ...laxer.map(([text, why]) => ({ text, ours: true, truss: false, why })),
];

/** Of these Truss makes other servers than ours, and so nothing is staged. */
const isStaged = (text: string) => !text.startsWith("bis_llm");

describe.skipIf(!hasTruss)("what is refused in a config.yaml", () => {
  const verdicts = new Map<string, Answer>();
  const staged = new Map<string, Answer>();

  beforeAll(async () => {
    const answers = await askTruss(cases.map(({ text }) => ({ config: `${text}\n` })));
    for (const [index, { text }] of cases.entries()) if (answers[index]) verdicts.set(text, answers[index]);
    const good = cases.filter(({ text, ours }) => ours && isStaged(text));
    const texts = await Promise.all(good.map(({ text }) => createStagedConfig({ text, endpoints })));
    const others = await askTruss(texts.map(({ text }) => ({ config: text })));
    for (const [index, { text }] of good.entries()) if (others[index]) staged.set(text, others[index]);
  });

  it("there are enough cases, each once", () => {
    expect(cases.length).toBeGreaterThan(250);
    expect(new Set(cases.map(({ text }) => text)).size).toBe(cases.length);
  });

  it.each(cases)("$text", async ({ text, ours, truss, why }) => {
    const { faults } = await readConfig(createTempProject({ "config.yaml": `${text}\n` }));
    const answer = verdicts.get(text);
    expect({ ours: faults.map(({ message }) => message), truss: answer?.error ?? "" }, why).toEqual({
      ours: ours ? [] : expect.arrayContaining([expect.any(String)]),
      truss: truss ? "" : expect.stringMatching(/./),
    });
    for (const fault of faults) expect(fault).toMatchObject({ file: "config.yaml", line: expect.any(Number) });
  });

  it.each(cases.filter(({ text, ours }) => ours && isStaged(text)))("staged: $text", ({ text }) => {
    expect(staged.get(text)).toMatchObject({ ok: true });
  });
});

const endpoints = [{ method: "predict", path: "/predict" }];
