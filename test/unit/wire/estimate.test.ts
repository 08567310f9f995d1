import { describe, expect, it } from "vitest";
import { estimateTokens, promptLength } from "../../../src/wire/estimate.ts";

describe("the estimate of a prompt", () => {
  it.each([
    ["Hi there", 8],
    ["你好", 6],
    [
      [
        { role: "user", content: "1234" },
        { role: "assistant", content: [{ type: "text", text: "5678" }] },
      ],
      8,
    ],
    [{ role: "assistant", tool_calls: [{ id: "call_1", function: { name: "ab", arguments: "{}" } }] }, 4],
    [{ type: "tool_use", id: "toolu_1", name: "ab", input: { a: 1 } }, 2 + '{"a":1}'.length],
    [{ type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "abcd" }] }, 4],
    [{ name: "ab", input_schema: { type: "object", enum: ["x"] } }, 2 + '{"type":"object","enum":["x"]}'.length],
    [{ type: "document", source: { type: "text", data: "1234" } }, 6404],
    [{ type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(99_999)}` } }, 6400],
  ])("%j is %i bytes", (prompt, bytes) => expect(promptLength(prompt)).toBe(bytes));

  it.each([null, undefined, 4, true, [null], { content: null }])("%j is nothing", (prompt) => {
    expect(promptLength(prompt)).toBe(0);
  });

  it("takes four bytes for a token, begun ones whole", () => {
    expect([0, 1, 4, 5].map(estimateTokens)).toEqual([0, 1, 1, 2]);
  });
});
