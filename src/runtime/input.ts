import type { IncomingMessage } from "node:http";
import { HttpError } from "../errors.ts";

/** How a request's body was understood; it decides the form of the answer too. */
export type InputKind = "json" | "binary" | "form" | "bytes";

export interface Input {
  readonly kind: InputKind;
  readonly value: unknown;
}

/** Largest body where config.yaml says nothing else. */
export const defaultMaxBodyBytes = 100 * 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a whole body of at most `limit` bytes; 413 above.
 *
 * @param incoming Node's request where there is a socket; it is read directly, which is cheaper
 */
export function readBody(request: Request, incoming: IncomingMessage | undefined, limit: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > limit) return Promise.reject(tooLarge(limit));
  return incoming === undefined ? readWhole(request, limit) : readIncoming(incoming, limit);
}

async function readWhole(request: Request, limit: number): Promise<Uint8Array> {
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.byteLength > limit) throw tooLarge(limit);
  return body;
}

/**
 * JSON → value, `application/octet-stream` → MessagePack value, `multipart/form-data` → `FormData`, anything else →
 * `Uint8Array`. No content type counts as JSON, and so does `text/plain` or a bare `curl -d` whose body is JSON.
 *
 * @param jsonOnly the `/v1` families know no other body: whatever the label, it is read as JSON
 */
export function parseInput(body: Uint8Array, contentType: string | null, jsonOnly: boolean): Input | Promise<Input> {
  // The common label first, without taking it apart.
  if (contentType === "application/json") return { kind: "json", value: parseJson(body) };
  const mediaType = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "application/octet-stream") return parseMessagePack(body);
  if (mediaType === "multipart/form-data") return parseForm(body, contentType ?? "");
  if (jsonOnly || mediaType === "" || mediaType === "application/json" || mediaType.endsWith("+json")) {
    return { kind: "json", value: parseJson(body) };
  }
  if (mediaType === "text/plain" || mediaType === "application/x-www-form-urlencoded") {
    return parseLabelledLoosely(body);
  }
  return { kind: "bytes", value: body };
}

function parseJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw badBody("Invalid JSON payload: the body is not UTF-8 (a compressed body is not decoded)");
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = text.trim() === "" ? "the body is empty" : (error as Error).message;
    throw badBody(`Invalid JSON payload: ${reason}`);
  }
}

/** fetch labels a string `text/plain`, `curl -d` labels everything a form: JSON under such a label is meant as JSON. */
function parseLabelledLoosely(body: Uint8Array): Input {
  if (body.byteLength === 0) throw badBody("Invalid payload: the body is empty");
  try {
    return { kind: "json", value: JSON.parse(utf8.decode(body)) };
  } catch {
    return { kind: "bytes", value: body };
  }
}

async function parseMessagePack(body: Uint8Array): Promise<Input> {
  // Few models ever see such a body: what reads it is loaded with the first one.
  const { decode } = await import("@msgpack/msgpack");
  try {
    return { kind: "binary", value: decode(body, { mapKeyConverter: messagePackKey }) };
  } catch (error) {
    throw badBody(`Invalid MessagePack payload: ${(error as Error).message}`);
  }
}

/** Python's marker maps (arrays, dates) have byte-string keys. */
function messagePackKey(key: unknown): string | number {
  if (typeof key === "string" || typeof key === "number") return key;
  if (key instanceof Uint8Array) return utf8.decode(key);
  throw new TypeError("a map key must be text, bytes or a number");
}

async function parseForm(body: Uint8Array, contentType: string): Promise<Input> {
  try {
    const whole = new Response(body as Uint8Array<ArrayBuffer>, { headers: { "content-type": contentType } });
    return { kind: "form", value: await whole.formData() };
  } catch {
    throw badBody("Invalid multipart/form-data payload");
  }
}

function readIncoming(incoming: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) {
        chunks.length = 0;
        reject(tooLarge(limit));
      } else {
        chunks.push(chunk);
      }
    });
    const gone = () => reject(new ClientGone());
    incoming.on("end", () => {
      incoming.off("error", gone).off("close", gone);
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    incoming.on("error", gone).on("close", gone);
  });
}

/** The client left before its request was whole; nobody is there to be answered. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

function badBody(message: string): HttpError {
  return new HttpError(400, message);
}

function tooLarge(limit: number): HttpError {
  return new HttpError(413, `The body is over the limit of ${limit} bytes`, { headers: { connection: "close" } });
}
