import { describe, expect, it } from "vitest";
import { type Handler, converse, echo, startTwins } from "./twins.ts";

/** The same bytes to a server and to the front before it bring the same bytes, but for the date. */
const handler: Handler = (incoming, outgoing) => {
  const answer = answers[incoming.url ?? ""];
  if (answer === undefined) return echo(incoming, outgoing);
  return answer(incoming, outgoing);
};

const answers: Readonly<Record<string, Handler>> = {
  "/204": (_, outgoing) => outgoing.writeHead(204, { "x-a": "b" }).end(),
  "/304": (_, outgoing) => outgoing.writeHead(304, { "content-length": "99", etag: "x" }).end(),
  "/hints": (_, outgoing) => {
    outgoing.writeEarlyHints({ link: "</a>; rel=preload" });
    outgoing.end("late");
  },
  "/trailers": (_, outgoing) => {
    outgoing.writeHead(200, { trailer: "x-sum" }).write("body");
    outgoing.addTrailers({ "x-sum": "7" });
    outgoing.end();
  },
  "/chunked": (_, outgoing) => {
    outgoing.write("one");
    outgoing.end("two");
  },
  "/length": (_, outgoing) => outgoing.writeHead(200, { "content-length": "5" }).end("hello"),
  "/early": (_, outgoing) => outgoing.writeHead(413, { "content-length": "2" }).end("no"),
  "/early-close": (_, outgoing) => outgoing.writeHead(413, { "content-length": "2", connection: "close" }).end("no"),
  "/cut-length": (incoming, outgoing) => {
    outgoing.writeHead(200, { "content-length": "50" }).write("half", () => incoming.socket.destroySoon());
  },
  "/cut-chunks": (incoming, outgoing) => outgoing.write("half", () => incoming.socket.destroySoon()),
  "/late": (incoming) => void incoming.resume(),
  "/odd": (_, outgoing) =>
    outgoing.writeHead(599, "Odd \u00e9", ["Set-Cookie", "a=1", "set-cookie", "b=2", "X-Empty", ""]).end("x"),
  "/large-head": (_, outgoing) =>
    outgoing.writeHead(200, { "x-large": "a".repeat(200_000), "content-length": "0" }).end(),
};

const close = "Connection: close\r\n";
const chunked = "Transfer-Encoding: chunked\r\n";
const wait = "Expect: 100-continue\r\n";
const large = "x".repeat(400_000);

/** A head and its body. */
function ask(line: string, headers = "", body = ""): string {
  return `${line} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;
}

const length = (body: string) => `Content-Length: ${body.length}\r\n`;
const last = ask("GET /last", close);

type Cases = readonly (readonly [name: string, ...pieces: string[]])[];

const wholes: Cases = [
  [
    "pipelined",
    ask("POST /a", length("abc"), "abc") + ask("GET /b") + ask("POST /c", chunked, "1\r\nx\r\n0\r\n\r\n") + last,
  ],
  [
    "heads of any kind",
    "GET /x?a=1&a=%20 HTTP/1.1\r\nhOST: a\r\nX-A: 1\r\nx-a: 2\r\nCookie: a\r\ncookie: b\r\nX-None:\r\nX-Pad:  \tx  \r\nX-L: caf\u00e9\r\n" +
      close +
      "\r\n",
  ],
  ["a large head", ask("GET /x", `X-Large: ${"a".repeat(15_000)}\r\n${close}`)],
  ["1500 headers, the length behind them", ask("POST /x", `${"a: b\r\n".repeat(1500)}${close}${length("abc")}`, "abc")],
  [
    "hop-by-hop headers",
    ask("GET /x", "Connection: close, X-Foo\r\nX-Foo: 1\r\nKeep-Alive: 5\r\nProxy-Connection: a\r\nTE: trailers\r\n"),
  ],
  ["answers without bodies", ask("HEAD /length") + ask("GET /204") + ask("GET /304") + ask("HEAD /chunked", close)],
  ["early hints", ask("GET /hints", close)],
  ["an answer's trailers", ask("GET /trailers", close)],
  ["an answer's odd head", ask("GET /odd", close)],
  ["an answer's large head", ask("GET /large-head", close)],
  [
    "a request's trailers and chunk extensions",
    ask("POST /x", `${close}${chunked}Trailer: X-Sum\r\n`, '3;e=1;f="q"\r\nabc\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n'),
  ],
  ["trailers that nobody announced", ask("POST /x", close + chunked, "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")],
  ["an encoding with chunks", ask("POST /x", `${close}Transfer-Encoding: gzip, Chunked\r\n`, "3\r\nabc\r\n0\r\n\r\n")],
  ["tiny chunks", ask("POST /x", close + chunked), ...Array.from("abc", (letter) => `1\r\n${letter}\r\n`), "0\r\n\r\n"],
  ["a huge chunk", ask("POST /x", close + chunked, `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`)],
  ["no chunk at all", ask("POST /x", close + chunked, "0\r\n\r\n")],
  ["a body on a GET", ask("GET /x", close + length("abc"), "abc")],
  ["no body", ask("POST /x") + ask("POST /x", close + length(""))],
  ["byte by byte", ...ask("POST /x", close + length("hi"), "hi")],
  ["empty lines first", `\r\n\r\n${last}`],
  ["an absolute target", ask("GET http://a/x?y", close)],
  ["no target", ask("OPTIONS *", close)],
  ["CONNECT", ask("CONNECT a:443")],
  ["rare methods", ask("PROPFIND /x") + ask("TRACE /x") + ask("DELETE /x", close + length("q"), "q")],
  ["two hosts", ask("GET /x", `Host: b\r\n${close}`)],
  ["100-continue", ask("POST /x", close + wait + length("body")), "body"],
  ["100-continue, not waited for", ask("POST /x", close + "Expect: 100-Continue\r\n" + length("body"), "body")],
  ["100-continue without a body", ask("GET /x", close + wait)],
  ["100-continue and an early answer", ask("POST /early", wait + length("body")), `body${last}`],
  ["an expectation that nobody knows", ask("POST /x", `${close}Expect: tea\r\n${length("body")}`, "body")],
  ["an early answer, then the body and the next request", ask("POST /early", length(large)), large + last],
  ["an early answer to it all", ask("POST /early", length(large), large) + last],
  ["an early answer that ends the connection", ask("POST /early-close", length("body"))],
  ["an answer cut short of its length", ask("GET /cut-length")],
  ["an answer cut between chunks", ask("GET /cut-chunks")],
  ["HTTP/1.0 and chunks", "GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"],
  ["HTTP/1.0, kept alive", "GET /length HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /length HTTP/1.0\r\n\r\n"],
  ["HTTP/1.0 and an expectation", `POST /length HTTP/1.0\r\n${wait}Content-Length: 4\r\n\r\nbody`],
  ["before HTTP/1.0", "GET /length\r\n\r\n"],
];

const refused: Cases = [
  ["a length and chunks", ask("POST /x", `Content-Length: 3\r\n${chunked}`, "0\r\n\r\n")],
  ["chunked is not the last encoding", ask("POST /x", `${chunked}Transfer-Encoding: identity\r\n`, "0\r\n\r\n")],
  ["chunked twice", ask("POST /x", chunked + chunked, "0\r\n\r\n")],
  ["an encoding that looks like chunked", ask("POST /x", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")],
  ["a blank before the colon", ask("POST /x", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n")],
  ["two lengths", ask("POST /x", "Content-Length: 1\r\nContent-Length: 2\r\n", "ab")],
  ["a length with a sign", ask("POST /x", "Content-Length: +1\r\n", "a")],
  ["two lengths in one", ask("POST /x", "Content-Length: 1, 1\r\n", "a")],
  ["a chunk without a size", ask("POST /x", chunked, "zz\r\n")],
  ["a chunk longer than its size", ask("POST /x", chunked, "3\r\nabcd\r\n0\r\n\r\n")],
  ["a good chunk, then a bad one", ask("POST /x", chunked, "3\r\nabc\r\n"), "zz\r\n"],
  ["a folded header", ask("GET /x", "X-Fold: one\r\n two\r\n")],
  ["bare line feeds", "GET /x HTTP/1.1\nHost: a\n\n"],
  ["a zero byte", ask("GET /x", "X: a\0b\r\n")],
  ["no host", "GET /x HTTP/1.1\r\n\r\n"],
  ["a target that is not ASCII", ask("GET /caf\u00e9")],
  ["a method that nobody knows", ask("BREW /x")],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a version that nobody knows", "GET /x HTTP/1.2\r\nHost: a\r\n\r\n"],
  ["a head that is too large", ask("GET /x", `X-Large: ${"a".repeat(20_000)}\r\n`)],
];

/** To Node a client that ends its side has left: what is not answered by then never is. */
const halves: Cases = [
  ["after a request", ask("POST /late", length("hi"), "hi")],
  ["after two", ask("POST /late", length("hi"), "hi") + ask("GET /b")],
  ["in a body", ask("POST /x", "Content-Length: 20\r\n", "hi")],
  ["between chunks", ask("POST /x", chunked, "3\r\nabc\r\n")],
  ["in a head", "POST /x HTTP/1.1\r\nHost: a\r\nContent-"],
];

describe("the front gives what the server gives:", () => {
  it.each(wholes)("%s", async (_name, ...pieces) => void (await same(pieces)));
});

describe("the front refuses what the server refuses:", () => {
  it.each(refused)("%s", async (_name, ...pieces) => {
    expect(await same(pieces)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});

describe("a client that ends its side gets what the server gives:", () => {
  it.each(halves)("%s", async (_name, ...pieces) => void (await same(pieces, true)));
});

async function same(pieces: readonly string[], halfClose = false): Promise<string> {
  const { direct, fronted } = await startTwins(handler);
  const [wanted, got] = await Promise.all([direct, fronted].map((port) => converse(port, pieces, { halfClose })));
  expect(got).toBe(wanted);
  return got ?? "";
}
