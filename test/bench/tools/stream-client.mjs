// A process of its own that reads streams as fast as they come, with as little work as it can: it looks
// for the first token and the end only.
import { connect } from "node:net";
import { percentile } from "./figures.mjs";

const firstToken = Buffer.from(" token");
const lastChunk = Buffer.from("0\r\n\r\n");

process.once("message", async ({ warmUpSeconds, seconds, ...target }) => {
  await readStreams({ ...target, seconds: warmUpSeconds });
  process.send({ type: "begin" });
  const result = await readStreams({ ...target, seconds });
  process.send({ type: "done", result }, () => process.disconnect());
});

/** Streams one after the other on each of some connections. A stream that was begun in time is read to its end. */
async function readStreams({ port, path, body, tokens, connections, seconds }) {
  const started = performance.now();
  const deadline = started + seconds * 1000;
  const read = [];
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = openConnection(port);
      do read.push(await connection.read(path, body));
      while (performance.now() < deadline);
      connection.close();
    }),
  );
  const elapsed = (performance.now() - started) / 1000;
  const answered = read.length * tokens;
  const first = percentile(read, 0.5);
  return { failed: 0, answered, perSecond: answered / elapsed, first };
}

function openConnection(port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let onData = () => undefined;
  let onLoss = () => undefined;
  socket.on("data", (chunk) => onData(chunk));
  socket.on("error", (error) => onLoss(error));
  socket.on("close", () => onLoss(new Error("the connection was closed")));
  return {
    /** Reads one stream to its end; gives the milliseconds to its first token. */
    read: (path, body) =>
      new Promise((resolve, reject) => {
        const began = performance.now();
        let first;
        onLoss = reject;
        onData = (chunk) => {
          if (first === undefined && chunk.includes(firstToken)) first = performance.now() - began;
          if (!chunk.subarray(-lastChunk.length).equals(lastChunk)) return;
          if (first === undefined) reject(new Error(`no token in ${chunk}`));
          else resolve(first);
        };
        const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
        socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      }),
    close() {
      onLoss = () => undefined;
      socket.destroy();
    },
  };
}
