import { describe, expect, it } from "vitest";
import { chooseRequestId } from "../../../src/runtime/request-id.ts";

describe("chooseRequestId", () => {
  it("keeps the first that is safe", () => {
    expect(chooseRequestId("a-1", "b-2")).toBe("a-1");
    expect(chooseRequestId(undefined, "b-2")).toBe("b-2");
    expect(chooseRequestId("no good", "b-2")).toBe("b-2");
  });

  it.each(["", "x".repeat(129), "a b", "a\nb", "a\r\nx-evil: 1", "é", '"', ["a", "b"], null, undefined])(
    "makes a new one instead of %j",
    (id) => {
      const made = chooseRequestId(id);
      expect(made).toMatch(/^req_\w+$/);
      expect(made.length).toBeLessThanOrEqual(128);
      expect(chooseRequestId(id)).not.toBe(made);
    },
  );
});
