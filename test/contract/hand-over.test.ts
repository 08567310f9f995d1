import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appears, pause, predict } from "./support/calls.ts";
import { type RawConnection, openRaw, request } from "./support/raw.ts";
import { type Server, openServer } from "./support/server.ts";

/**
 * `serve` moves connections between two processes: to the model with a request, and back after about 30 ms without
 * one. Whatever clients do around that moment, every request is answered, and once.
 */
describe("connections between the processes of serve", () => {
  let server: Server;
  beforeAll(async () => void (server = await openServer("serve", "everything")));
  afterAll(() => server?.close());

  it("400 connections of one request each, 40 at a time", async () => {
    let next = 0;
    const worker = async () => {
      for (let id = next++; id < 400; id = next++) {
        const connection = await openRaw(server.port);
        connection.write(ask(id, "Connection: close"));
        expect(idsIn(await connection.ended)).toEqual([id]);
      }
    };
    await Promise.all(Array.from({ length: 40 }, worker));
  });

  it("60 kept connections, which fall silent for about as long as one stays with the model", async () => {
    const random = createRandom(7);
    const worker = async (_: unknown, client: number) => {
      const connection = await openRaw(server.port);
      const sent: number[] = [];
      for (let round = 0; round < 25; round += 1) {
        const id = client * 1000 + round;
        sent.push(id);
        connection.write(ask(id));
        await connection.until((text) => text.includes(mark(id)));
        await pause(20 + random() * 50);
      }
      connection.socket.destroy();
      expect(idsIn(await connection.ended)).toEqual(sent);
    };
    await Promise.all(Array.from({ length: 60 }, worker));
  });

  it("requests that come in pieces, and several at once, around that moment", async () => {
    const random = createRandom(11);
    const worker = async (_: unknown, client: number) => {
      const connection = await openRaw(server.port);
      const sent: number[] = [];
      for (let round = 0; round < 12; round += 1) {
        const ids = Array.from(
          { length: 1 + Math.floor(random() * 3) },
          (_, index) => client * 1000 + round * 10 + index,
        );
        sent.push(...ids);
        await inPieces(connection, ids.map((id) => ask(id)).join(""), random);
        const last = ids.at(-1) ?? 0;
        await connection.until((text) => text.includes(mark(last)));
        await pause(random() * 80);
      }
      connection.socket.destroy();
      expect(idsIn(await connection.ended)).toEqual(sent);
    };
    await Promise.all(Array.from({ length: 30 }, worker));
  });

  it("a next request on its way while the answer before it still is", async () => {
    const random = createRandom(13);
    const worker = async (_: unknown, client: number) => {
      const connection = await openRaw(server.port);
      const ids = Array.from({ length: 30 }, (_, round) => client * 1000 + round);
      for (const id of ids) {
        connection.write(ask(id));
        await pause(random() * 70);
      }
      await connection.until((text) => text.includes(mark(ids.at(-1) ?? 0)));
      connection.socket.destroy();
      expect(idsIn(await connection.ended)).toEqual(ids);
    };
    await Promise.all(Array.from({ length: 30 }, worker));
  });

  it("200 connections at once, half of which break off", async () => {
    const random = createRandom(17);
    const worker = async (_: unknown, client: number) => {
      const connection = await openRaw(server.port);
      const body = ask(client, "Connection: close");
      if (client % 2 === 0) {
        connection.write(body);
        return expect(idsIn(await connection.ended)).toEqual([client]);
      }
      connection.write(body.slice(0, Math.floor(random() * (body.length + 1))));
      await pause(random() * 40);
      if (client % 4 === 1) connection.socket.resetAndDestroy();
      else connection.socket.destroy();
      return undefined;
    };
    await Promise.all(Array.from({ length: 200 }, worker));
    expect((await predict(server, 1)).status).toBe(200);
  });

  it("clients that close their side at any point are let go, and answered at most once", async () => {
    const random = createRandom(19);
    const worker = async (_: unknown, client: number) => {
      const connection = await openRaw(server.port);
      const body = ask(client);
      connection.socket.end(client % 2 === 0 ? body : body.slice(0, Math.floor(random() * body.length)));
      const answers = (await connection.ended).match(/<id \d+>/g) ?? [];
      expect(answers.length).toBeLessThanOrEqual(client % 2 === 0 ? 1 : 0);
    };
    await Promise.all(Array.from({ length: 60 }, worker));
    expect((await predict(server, 1)).status).toBe(200);
  });

  it("connections that come while the model computes are answered afterwards, but for those that left", async () => {
    const name = join(server.root, "blocking");
    const blocked = predict(server, { do: "block", ms: 1_500, name });
    await appears(name);
    const workers = Array.from({ length: 60 }, async (_, client) => {
      const connection = await openRaw(server.port);
      connection.write(ask(client, "Connection: close"));
      if (client % 3 !== 0) return expect(idsIn(await connection.ended)).toEqual([client]);
      return connection.socket.resetAndDestroy();
    });
    expect((await server.fetch("/")).status).toBe(200);
    await Promise.all(workers);
    expect((await blocked).status).toBe(200);
  });

  it("probes and requests take turns on one connection", async () => {
    const worker = async (_: unknown, client: number) => {
      const connection = await openRaw(server.port);
      for (let round = 0; round < 4; round += 1) {
        connection.write(ask(client * 100 + round));
        await connection.until((text) => text.includes(mark(client * 100 + round)));
        await pause(40 + client);
      }
      connection.write(request("GET", "/"));
      await connection.until((text) => text.endsWith("\r\n\r\ntrue"));
      connection.socket.destroy();
    };
    await Promise.all(Array.from({ length: 20 }, worker));
  });

  it("a wish for HTTP/2 is ignored, on each request of a connection", async () => {
    const connection = await openRaw(server.port);
    const wish = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"];
    for (const id of [1, 2, 3]) {
      connection.write(ask(id, ...wish));
      await connection.until((text) => text.includes(mark(id)));
      await pause(60);
    }
    connection.socket.destroy();
    expect(idsIn(await connection.ended)).toEqual([1, 2, 3]);
  });

  it("T145 a kept connection that stays silent is closed after five seconds", async () => {
    const connection = await openRaw(server.port);
    connection.write(ask(1));
    await connection.until((text) => text.includes(mark(1)));
    expect(idsIn(await connection.ended)).toEqual([1]);
  });
});

const mark = (id: number) => `<id ${id}>`;

function ask(id: number, ...headers: string[]): string {
  return request("POST", "/predict", JSON.stringify(mark(id)), ["Content-Type: application/json", ...headers]);
}

/** The requests that were answered, in order; fails where an answer is anything but a 200. */
function idsIn(text: string): number[] {
  expect(text.match(/HTTP\/1\.1 (?!200)\d+/g)).toBeNull();
  return [...text.matchAll(/<id (\d+)>/g)].map(([, id]) => Number(id));
}

async function inPieces(connection: RawConnection, bytes: string, random: () => number): Promise<void> {
  const cuts = [random(), random()].map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
  const [first = 0, second = 0] = cuts;
  for (const piece of [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)]) {
    if (piece !== "") connection.write(piece);
    await pause(random() * 20);
  }
}

/** The same numbers in each run, so that a failure can be had again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
