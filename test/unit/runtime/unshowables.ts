/** What model code may throw that throws itself when it is looked at. */
export const unshowables: readonly (readonly [string, () => unknown])[] = [
  ["no prototype", () => Object.create(null)],
  ["toString is null", () => ({ toString: null })],
  ["toString throws", () => ({ toString: refuse })],
  ["a symbol", () => Symbol("s")],
  ["the stack throws", () => withGetter(new Error("a detail that stays inside"), "stack")],
  ["the message throws", () => withGetter(new Error("x"), "message")],
  ["the message has no text", () => Object.assign(new Error("x"), { message: Object.create(null) })],
  ["a proxy that throws", () => new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse })],
  [
    "an HttpError without text",
    () =>
      Object.assign(new Error("x"), {
        [Symbol.for("truss-ts.http-error")]: true,
        status: 500,
        message: Object.create(null),
      }),
  ],
];

function withGetter(error: Error, name: string): Error {
  return Object.defineProperty(error, name, { get: refuse });
}

function refuse(): never {
  throw new Error("a detail that stays inside");
}
