import { describe, expect, it } from "vitest";
import { exitCodes } from "../../../src/errors.ts";
import { parseHost } from "../../../src/lib/host.ts";

describe("an address to listen on", () => {
  it.each(["127.0.0.1", "0.0.0.0", "::1", "localhost"])("may be %s", (host) => {
    expect(parseHost(host)).toBe(host);
  });

  it.each(["", "  "])("is never empty: %j", (host) => {
    expect(() => parseHost(host)).toThrow(
      expect.objectContaining({ code: "HOST_INVALID", exitCode: exitCodes.usage, message: "--host is empty" }),
    );
  });
});
