import { expect, it } from "vitest";
import { explainEnding } from "../../../src/dev/ending.ts";

const heap = `
[27:0x4] 1472 ms: Mark-Compact 62.7 (101.5) -> 62.7 (101.5) MB, 8.93 / 0.01 ms
[27:0x4] 1514 ms: Mark-Compact (reduce) 78.4 (101.5) -> 77.3 (117.5) MB, 36.43 / 0.00 ms
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory`;

it.each([
  ["signal SIGABRT", heap, /out of memory: V8's heap had grown to 78 MB/, /NODE_OPTIONS=--max-old-space-size=256 /],
  ["exit code 134", heap, /out of memory/, /NODE_OPTIONS/],
  ["signal SIGABRT", "", /SIGABRT/, /last words/],
  ["signal SIGSEGV", "", /native code crashed[^]*SIGSEGV/, /native add-on/],
  ["signal SIGKILL", "", /ended by SIGKILL/, /out of memory/],
  ["signal SIGUSR1", "", /ended by SIGUSR1/, /sent that signal/],
  ["exit code 3", "", /by itself \(exit code 3\)/, /process\.exit/],
])("%s after %j", (how, lastWords, message, hint) => {
  const told = explainEnding({ how, lastWords }, false);
  expect(told).toEqual({
    code: "MODEL_EXITED",
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
  expect(told.message).not.toContain("loading");
  expect(explainEnding({ how, lastWords }, true)).toMatchObject({
    code: "LOAD_EXITED",
    message: expect.stringContaining("while it was loading"),
  });
});
