import { describe, expect, it } from "vitest";
import { HttpError } from "../../../src/errors.ts";
import { errorBody, toPublicError } from "../../../src/wire/errors.ts";

describe("toPublicError", () => {
  it("shows all of an HttpError", () => {
    const error = new HttpError(429, "Busy", {
      type: "too_busy",
      code: "queue_full",
      param: "model",
      headers: { "Retry-After": "5" },
    });
    expect(toPublicError(error)).toEqual({
      status: 429,
      message: "Busy",
      type: "too_busy",
      code: "queue_full",
      param: "model",
      headers: { "Retry-After": "5" },
    });
  });

  it("leaves out what an HttpError does not say", () => {
    expect(toPublicError(new HttpError(404, "No such thing"))).toEqual({ status: 404, message: "No such thing" });
  });

  it("knows an HttpError of another copy of the package", () => {
    class Twin extends Error {
      readonly status = 418;
    }
    const twin = Object.assign(new Twin("teapot"), { [Symbol.for("truss-ts.http-error")]: true });
    expect(toPublicError(twin)).toEqual({ status: 418, message: "teapot" });
  });

  it.each([0, 200, 600, 404.5, "404", undefined])("does not answer with the status %j of a forged one", (status) => {
    const forged = { [Symbol.for("truss-ts.http-error")]: true, status, message: "m", type: 4, headers: { a: {} } };
    expect(toPublicError(forged)).toEqual({ status: 500, message: "m", headers: {} });
  });

  it.each([
    new Error("secret"),
    new TypeError("secret"),
    Object.assign(new Error("secret"), { status: 404, code: "x", headers: { a: "b" } }),
    "secret",
    { message: "secret", status: 400 },
    null,
    undefined,
  ])("hides anything else: %s", (error) => {
    expect(toPublicError(error)).toEqual({ status: 500, message: "Internal Server Error (in model/chainlet)." });
  });
});

describe("headers of an HttpError", () => {
  const sent = (headers: Record<string, string>) => toPublicError(new HttpError(400, "no", { headers })).headers;

  it.each([
    ["X-A", "b\r\nset-cookie: c=d"],
    ["X-A", "b\0"],
    ["X-A", "€"],
    ["", "empty"],
    ["X A", "b"],
    ["X-A:", "b"],
    ["X\r\nY", "b"],
    ["Ünlaut", "b"],
    ["Content-Length", "1"],
    ["transfer-encoding", "chunked"],
    ["Connection", "keep-alive"],
    ["Connection", "close, x-a"],
    ["Keep-Alive", "timeout=1"],
    ["Trailer", "x"],
    ["TE", "trailers"],
    ["Upgrade", "h2c"],
    ["Content-Encoding", "gzip"],
    ["Proxy-Authenticate", "Basic"],
    ["Proxy-Connection", "close"],
    ["Host", "x"],
    ["Date", "now"],
  ])("%j: %j is not sent", (name, value) => {
    expect(sent({ [name]: value, "Retry-After": "5" })).toEqual({ "Retry-After": "5" });
  });

  it.each([
    ["connection", "close"],
    ["X-Latin", "caf\u00e9"],
    ["WWW-Authenticate", "Bearer"],
    ["X-Empty", ""],
  ])("%j: %j is sent", (name, value) => {
    expect(sent({ [name]: value })).toEqual({ [name]: value });
  });
});

describe("errorBody", () => {
  it.each([
    [400, "invalid_request_error", null],
    [401, "authentication_error", null],
    [403, "permission_error", null],
    [404, "not_found_error", null],
    [405, "invalid_request_error", null],
    [422, "invalid_request_error", null],
    [429, "rate_limit_error", "rate_limit_exceeded"],
    [500, "server_error", null],
    [503, "server_error", null],
  ])("openai %i is %s", (status, type, code) => {
    expect(errorBody("openai", { status, message: "m" }, "r1")).toEqual({
      error: { message: "m", type, param: null, code },
    });
  });

  it.each([
    [400, "invalid_request_error"],
    [401, "authentication_error"],
    [402, "billing_error"],
    [403, "permission_error"],
    [404, "not_found_error"],
    [405, "invalid_request_error"],
    [409, "conflict_error"],
    [413, "request_too_large"],
    [429, "rate_limit_error"],
    [500, "api_error"],
    [503, "api_error"],
    [504, "timeout_error"],
    [529, "overloaded_error"],
  ])("anthropic %i is %s", (status, type) => {
    expect(errorBody("anthropic", { status, message: "m" }, "r1")).toEqual({
      type: "error",
      error: { type, message: "m" },
      request_id: "r1",
    });
  });

  it("keeps the author's own type, code and param", () => {
    const error = { status: 404, message: "m", type: "t", code: "c", param: "p" };
    expect(errorBody("openai", error, "r1")).toEqual({ error: { message: "m", type: "t", param: "p", code: "c" } });
    expect(errorBody("anthropic", error, "r1")).toMatchObject({ error: { type: "t", message: "m" } });
  });

  it.each(["json", "websocket"] as const)("%s is Truss's form", (family) => {
    expect(errorBody(family, { status: 500, message: "m" }, "r1")).toEqual({ error: "m" });
  });
});
