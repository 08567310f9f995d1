import { homedir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TrussError } from "../../../src/errors.ts";
import { renderBug, renderError, renderErrorScreen } from "../../../src/ui/error-screen.ts";

it("an expected failure is its code, message, place and next step, without a stack", () => {
  const error = new TrussError("CONFIG_INVALID", "no such key", {
    file: "config.yaml",
    line: 3,
    column: 1,
    hint: "remove it",
  });
  expect(renderError(error, { colors: false })).toBe(
    "✖ CONFIG_INVALID  no such key\n  config.yaml:3:1\n  → remove it\n",
  );
});

it("what others say moves no cursor", () => {
  const error = new TrussError("REGISTRY_REFUSED", "it said \u001B]0;pwn\u0007\u001B[31mno", { hint: "a\u001B[2Jb" });
  expect(renderError(error, { colors: false })).toBe("✖ REGISTRY_REFUSED  it said ]0;pwn[31mno\n  → a[2Jb\n");
});

it("a bug of ours is a report to paste that does not name the user's home", () => {
  const error = new Error("broken");
  error.stack = `Error: broken\n    at go (${join(homedir(), "x.js")}:1:1)`;
  const report = renderBug(error, { version: "1.2.3", args: ["dev", "--json"] });
  expect(report).toContain("truss-ts 1.2.3, Node v");
  expect(report).toContain("truss-ts dev --json");
  if (homedir().length > 1) expect(report).not.toContain(homedir());
});

it("a stack is cut to the frames that matter, with paths from the project", () => {
  const stack = [
    "Error: x",
    "    at a (/p/model/a.ts:1:1)",
    "    at b (file:///p/model/b.ts:2:2)",
    "    at process (node:internal/process/task_queues:95:5)",
  ].join("\n");
  const screen = renderErrorScreen({ title: "t", message: "x", stack }, { root: "/p", colors: false });
  expect(screen).toContain("  at a (model/a.ts:1:1)\n  at b (model/b.ts:2:2)\n");
  expect(screen).not.toContain("node:internal");
});
