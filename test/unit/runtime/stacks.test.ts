import { describe, expect, it } from "vitest";
import { TrussError } from "../../../src/errors.ts";
import { cutStack, messageOf, presentable, toRemoteError } from "../../../src/runtime/stacks.ts";
import { toPublicError } from "../../../src/wire/errors.ts";
import { unshowables } from "./unshowables.ts";

const root = "/home/me/project";
const stack = [
  "Error: broken",
  "    at helper (file:///home/me/project/node_modules/pkg/index.js:3:4)",
  "    at Model.predict (/home/me/project/model/model.ts:12:7)",
  "    at deeper (file:///home/me/project/model/deep%20er.ts:5:6)",
  "    at runCall (file:///usr/lib/truss-ts/dist/child.js:1:1)",
  "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
].join("\n");

const failure = (text: string) => Object.assign(new Error("broken"), { stack: text });

describe("stacks", () => {
  it("ends at the last frame of the user's own", () => {
    expect(cutStack(stack, root).split("\n")).toHaveLength(4);
    expect(cutStack(stack, root)).not.toContain("child.js");
  });

  it("keeps a stack that has no such frame", () => {
    const foreign = stack.replaceAll(".ts:", ".js:");
    expect(cutStack(foreign, "/elsewhere")).toBe(foreign);
  });

  it("names the first place in the user's source, not in a package", () => {
    expect(toRemoteError("LOAD_FAILED", failure(stack), root)).toMatchObject({
      code: "LOAD_FAILED",
      message: "broken",
      file: "model/model.ts",
      line: 12,
      column: 7,
    });
  });

  it.each([
    ["/home/me/project/model/model.ts:1:2", { file: "model/model.ts", line: 1, column: 2 }],
    ["file:///home/me/project/a%20b.ts:3:4", { file: "a b.ts", line: 3, column: 4 }],
    ["async Promise.all (index 0)", {}],
    ["/home/me/project-two/model.js:1:2", {}],
    ["/home/me/shared/src/index.ts:1:2", { file: "../shared/src/index.ts", line: 1, column: 2 }],
    ["/home/me/node_modules/shared/src/index.ts:1:2", {}],
    ["/home/me/project/.truss-ts/model.mjs:1:2", {}],
    ["file:///home/me/pro%ject/model.ts:1:2", {}],
  ])("a frame at %s", (frame, place) => {
    const {
      code: _code,
      message: _message,
      stack: _stack,
      ...found
    } = toRemoteError("LOAD_FAILED", failure(`Error: x\n    at ${frame}`), root);
    expect(found).toEqual(place);
  });

  it("an error of ours keeps its code, hint and place", () => {
    const error = new TrussError("NO_ENDPOINT", "none", { hint: "write one", file: "model/model.ts", line: 3 });
    expect(toRemoteError("LOAD_FAILED", error, root)).toMatchObject({
      code: "NO_ENDPOINT",
      hint: "write one",
      file: "model/model.ts",
      line: 3,
    });
  });

  it("an error of ours shows where the user's code met it, not what threw it inside", () => {
    const thrownInside = stack.replace(
      "Error: broken",
      "TrussError: two\n    lines\n    at missing (file:///usr/lib/chunk.js:1:1)",
    );
    const error = Object.assign(new TrussError("SECRET_MISSING", "two\n    lines"), { stack: thrownInside });
    expect(toRemoteError("INTERNAL", error, root).stack?.split("\n")).toEqual([
      "TrussError: two",
      "    lines",
      "    at Model.predict (/home/me/project/model/model.ts:12:7)",
      "    at deeper (file:///home/me/project/model/deep%20er.ts:5:6)",
    ]);
    const elsewhere = Object.assign(error, { stack: thrownInside.replaceAll(".ts:", ".js:") });
    expect(toRemoteError("INTERNAL", elsewhere, "/elsewhere").stack).toBe("TrussError: two\n    lines");
  });

  it.each([
    ["text", "text"],
    [5, "5"],
    [undefined, "undefined was thrown"],
    [null, "null was thrown"],
    [new Error(""), "Error"],
    [new TypeError("t"), "t"],
    [{ message: "like one", stack: "s" }, "like one"],
  ])("the message of %s", (thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
    expect(toRemoteError("INTERNAL", thrown, root).message).toBe(message);
  });

  it.each(unshowables)("something thrown that cannot be shown: %s", (_what, make) => {
    expect(messageOf(make())).toEqual(expect.any(String));
    expect(toRemoteError("INTERNAL", make(), root)).toMatchObject({ message: expect.any(String) });
    expect(toPublicError(presentable(make())).status).toBe(500);
    expect(toPublicError(make()).status).toBe(500);
  });

  it("what can be shown stays as it is", () => {
    for (const thrown of [new Error("a"), "text", null, undefined, {}]) expect(presentable(thrown)).toBe(thrown);
  });
});
