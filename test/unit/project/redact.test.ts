import { describe, expect, it } from "vitest";
import { redactSecrets } from "../../../src/project/redact.ts";

describe("redactSecrets", () => {
  it("hides values under secrets, and only those", () => {
    const text = 'model_name: a\nsecrets:\n  KEY: "hush"\n  # hush\n  LONG: >\n    hush hush\nresources:\n  cpu: "1"\n';
    const shown = redactSecrets(text);
    expect(shown).not.toContain("hush");
    expect(shown).toContain("  KEY: ******\n");
    expect(shown).toContain('resources:\n  cpu: "1"\n');
    expect(shown.split("\n").map((line) => line.length)).toEqual(text.split("\n").map((line) => line.length));
  });

  it("hides a mapping on one line", () => {
    expect(redactSecrets("secrets: {KEY: hush,\n  B: hush}\na: 1")).not.toContain("hush");
  });
});
