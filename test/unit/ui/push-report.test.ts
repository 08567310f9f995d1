import { expect, it } from "vitest";
import { createPushReport } from "../../../src/ui/push-report.ts";
import { safeName } from "../../../src/ui/safe-text.ts";

it("tells warnings and notes without what moves a cursor", () => {
  let told = "";
  const stderr = (text: string) => void (told += text);
  const { report } = createPushReport({ stderr, colors: false, columns: () => undefined });
  report({ event: "warning", message: "a\u001B[31mb", hint: "c\u0007d" });
  report({ event: "note", message: "e\u001B[2Jf" });
  expect(told).toBe("! a[31mb\n  → cd\ne[2Jf\n");
});

it("writes out what is odd in a file's name", () => {
  expect(safeName("data/a\nb\u001B[31m é\u202Egnp.x")).toBe(String.raw`data/a\u000ab\u001b[31m é\u202egnp.x`);
});
