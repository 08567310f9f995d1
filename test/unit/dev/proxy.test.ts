import { describe, expect, it, vi } from "vitest";
import { connectBoth, plainAnswer, plainRequest } from "./sockets.ts";

describe("the head of a request", () => {
  it.each([
    [
      "order, case and repeated names",
      "POST /a/%2e%2e/b?q=%20&q=%C3%BC HTTP/1.1\r\nhOsT: here\r\nX-Dup: 1\r\nAccept: */*\r\nx-dup: 2\r\nX-DUP: \r\nContent-Length: 5\r\n\r\nhello",
    ],
    ["no header where there was none", "POST /empty HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a body on a GET", "GET /odd HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"],
    [
      "a DELETE with a chunked body",
      "DELETE /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ],
    ["the connection's own headers", "GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTE: trailers\r\n\r\n"],
    ["an absolute target", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"],
  ])("passes byte for byte: %s", async (_name, request) => {
    const { server, client } = await connectBoth();
    client.send(request);
    const upstream = await server.accept();
    await vi.waitFor(() => expect(upstream.text()).toBe(request));
    upstream.send(plainAnswer);
    await client.until("ok");
  });

  it("goes on before the body comes", async () => {
    const { server, client } = await connectBoth();
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    client.send("body");
    await upstream.until("body");
    upstream.send(plainAnswer);
    await client.until("ok");
  });

  it("loses an announcement of trailers that cannot come", async () => {
    const { server, client } = await connectBoth();
    client.send("POST /t HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nContent-Length: 1\r\n\r\nb");
    const upstream = await server.accept();
    expect(await upstream.until(/\r\n\r\nb$/)).not.toContain("Trailer");
  });
});

describe("an answer", () => {
  it.each([
    [
      "status text, case and repeated names",
      "HTTP/1.1 299 Rather Odd\r\nSet-Cookie: a=1\r\nX-B: 1\r\nset-cookie: b=2\r\nContent-Length: 2\r\n\r\nok",
    ],
    ["no status text", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"],
    [
      "a chunked body with trailers",
      "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nx-sum: 8\r\n\r\n",
    ],
    ["204 without a body", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"],
    ["304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\n\r\n"],
    ["bytes above ASCII in a header", "HTTP/1.1 200 OK\r\nX-Name: caf\u00e9\r\nContent-Length: 2\r\n\r\nok"],
    [
      "keep-alive as the model's server said it",
      "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok",
    ],
  ])("passes byte for byte: %s", async (_name, answer) => {
    const { server, client } = await connectBoth();
    client.send(plainRequest);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send(answer);
    await vi.waitFor(() => expect(client.text()).toBe(answer));
  });

  it("passes to a HEAD its length without a body", async () => {
    const { server, client } = await connectBoth();
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n";
    upstream.send(answer);
    await vi.waitFor(() => expect(client.text()).toBe(answer));
    client.send(plainRequest);
    await upstream.until("GET /plain");
    upstream.send(plainAnswer);
    await client.until("ok");
  });

  it("passes a stream piece by piece, as it comes", async () => {
    const { server, client } = await connectBoth();
    client.send(plainRequest);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await client.until("chunked\r\n\r\n");
    upstream.send("3\r\none\r\n");
    await client.until("one");
    upstream.send("3\r\ntwo\r\n0\r\n\r\n");
    await client.until("two\r\n0\r\n\r\n");
  });

  it("passes early hints", async () => {
    const { server, client } = await connectBoth();
    client.send(plainRequest);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
    upstream.send(hints);
    await client.until(hints);
    upstream.send(plainAnswer);
    await vi.waitFor(() => expect(client.text()).toBe(hints + plainAnswer));
  });

  it("does not pass on that the model's server closes its own connection", async () => {
    const { server, client } = await connectBoth();
    client.send(plainRequest);
    const first = await server.accept();
    await first.until("\r\n\r\n");
    first.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    first.socket.end();
    expect(await client.until("ok")).not.toMatch(/connection: close/i);
    client.send(plainRequest);
    const second = await server.accept();
    await second.until("\r\n\r\n");
    second.send(plainAnswer);
    await client.until(/ok.*ok/s);
  });

  it("comes to an HTTP/1.0 client without chunks", async () => {
    const { server, client } = await connectBoth();
    client.send("GET /old HTTP/1.0\r\n\r\n");
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    await client.closed;
    expect(client.text()).toMatch(/\r\n\r\nok$/);
    expect(client.text()).not.toMatch(/chunked/i);
  });
});

describe("an HTTP/1.0 request", () => {
  it("without a Host gets one, which HTTP/1.1 asks for", async () => {
    const { server, client } = await connectBoth();
    client.send("POST /old HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}");
    const upstream = await server.accept();
    expect(await upstream.until("{}")).toBe("POST /old HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
  });

  it("keeps the Host it has", async () => {
    const { server, client } = await connectBoth();
    client.send("GET /old HTTP/1.0\r\nhost: a\r\n\r\n");
    const upstream = await server.accept();
    expect(await upstream.until("\r\n\r\n")).toBe("GET /old HTTP/1.1\r\nhost: a\r\n\r\n");
  });
});

describe("Expect: 100-continue", () => {
  const head = "POST /big HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

  it("asks for the body only when the model's server has asked", async () => {
    const { server, client } = await connectBoth();
    client.send(head);
    const upstream = await server.accept();
    expect(await upstream.until("\r\n\r\n")).toBe(head);
    expect(client.text()).toBe("");
    upstream.send("HTTP/1.1 100 Continue\r\n\r\n");
    await client.until("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    await upstream.until("body");
    upstream.send(plainAnswer);
    await client.until("ok");
  });

  it("passes a refusal, with no word to go on", async () => {
    const { server, client } = await connectBoth();
    client.send(head);
    const upstream = await server.accept();
    await upstream.until("\r\n\r\n");
    const refusal = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\nno";
    upstream.send(refusal);
    await client.until("no");
    expect(client.text()).toBe(refusal);
  });

  it("passes an expectation that nobody knows", async () => {
    const { server, client } = await connectBoth();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n");
    const upstream = await server.accept();
    await upstream.until("Expect: tea");
    upstream.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    await client.until("417");
  });
});

it("passes a request's trailers", async () => {
  const { server, client } = await connectBoth();
  const request =
    "POST /t HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\nx-SUM: 2\r\n\r\n";
  client.send(request);
  const upstream = await server.accept();
  await vi.waitFor(() => expect(upstream.text()).toBe(request));
});
