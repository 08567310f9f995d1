import { expect, it } from "vitest";
import { serverUrl } from "../../../src/lib/url.ts";

it.each([
  ["127.0.0.1", "http://127.0.0.1:80"],
  ["0.0.0.0", "http://127.0.0.1:80"],
  ["::", "http://127.0.0.1:80"],
  ["::1", "http://[::1]:80"],
  ["model.local", "http://model.local:80"],
])("a server on %s is reached at %s", (host, url) => {
  expect(serverUrl(host, 80)).toBe(url);
});
