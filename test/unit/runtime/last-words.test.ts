import { describe, expect, it } from "vitest";
import { type Circumstances, type ProcessEnd, explainEnd } from "../../../src/runtime/last-words.ts";

const ready: Circumstances = { state: "ready", told: false, killed: undefined };
const exit = (code: number): ProcessEnd => ({ code, signal: null });
const killedBy = (signal: NodeJS.Signals): ProcessEnd => ({ code: null, signal });

describe("the end of a model process", () => {
  it.each([
    [killedBy("SIGKILL"), ready, "was killed (SIGKILL), perhaps for lack of memory"],
    [killedBy("SIGKILL"), { ...ready, state: "loading" }, "while the model was loading, perhaps for lack of memory"],
    [killedBy("SIGKILL"), { ...ready, state: "draining" }, "perhaps for lack of memory"],
    [killedBy("SIGKILL"), { ...ready, state: "draining", killed: "overdue" }, "not ended in the time to drain"],
    [killedBy("SIGSEGV"), ready, "was ended by SIGSEGV"],
    [exit(0), ready, "ended by itself with exit code 0"],
    [exit(3), { ...ready, state: "draining" }, "ended by itself with exit code 3"],
    [exit(3), { ...ready, state: "loading" }, "exit code 3 while the model was loading"],
  ] as const)("%j, %j", (end, circumstances, words) => {
    expect(explainEnd(end, circumstances)).toContain(words);
  });

  it.each([
    [exit(0), { ...ready, state: "draining" }],
    [exit(70), { ...ready, told: true }],
    [killedBy("SIGKILL"), { ...ready, killed: "asked" }],
  ] as const)("%j, %j needs no words", (end, circumstances) => {
    expect(explainEnd(end, circumstances)).toBeUndefined();
  });
});
