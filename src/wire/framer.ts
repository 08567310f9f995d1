import type { Framing } from "../model/endpoints.ts";
import { type PublicError, errorBody, openaiError } from "./errors.ts";
import { acceptsSse, eventBoundary, looksLikeSse, oneLineJson, sseComment, sseContentType, sseFrame } from "./sse.ts";
import { failedResponse } from "./openai/failed-response.ts";

/** Turns the items of one stream into what goes over the wire. One framer serves one stream. */
export interface Framer {
  /** The stream's media type, which may depend on its first item; `undefined`: not known yet. */
  contentType(first: unknown): string;
  /** Strings and bytes as they are, anything else framed. Throws for what JSON cannot hold. */
  frame(item: unknown): string | Uint8Array;
  /** What follows the last item. */
  end(): string;
  /** The error in the stream's own form; `undefined`: it has none, cut the connection. */
  fail(error: PublicError): string | undefined;
  /** What may be said while there is nothing to say; `undefined`: nothing, here and now. */
  keepAlive(): string | undefined;
}

export interface FramerOptions {
  readonly requestId: string;
  /** The request's `Accept` header. */
  readonly accept: string | null;
}

export function createFramer(framing: Framing, options: FramerOptions): Framer {
  switch (framing) {
    case "openai-chunks":
      return createEventFramer({
        frame: (item) => sseFrame(oneLineJson(item)),
        fail: (error) => sseFrame(oneLineJson({ error: openaiError(error) })),
        terminator: "[DONE]",
      });
    case "anthropic-messages":
      return createEventFramer({
        frame: frameByType,
        fail: (error) => sseFrame(oneLineJson(errorBody("anthropic", error, options.requestId)), "error"),
        keepAlive: sseFrame('{"type":"ping"}', "ping"),
      });
    case "openai-responses":
      return createEventFramer(createResponsesDialect());
    case "predict":
    case "none":
      return createPredictFramer(acceptsSse(options.accept));
  }
}

/** What the families' streams of server-sent events differ in. */
interface Dialect {
  frame(item: unknown): string;
  fail(error: PublicError, rawTail: string): string;
  /** The data of a last event, after a stream that had framed items. */
  readonly terminator?: string;
  /** @default a comment */
  readonly keepAlive?: string;
}

function createEventFramer(dialect: Dialect): Framer {
  const raw = createRawText();
  let framed = 0;
  return {
    contentType: () => sseContentType,
    frame(item) {
      if (isRaw(item)) return raw.pass(item);
      const boundary = raw.boundary();
      const text = dialect.frame(item);
      framed += 1;
      raw.clear();
      return boundary + text;
    },
    end() {
      // A stream that its author wrote by hand from end to end stays as written.
      const ownWire = framed === 0 && raw.seen();
      const terminator = dialect.terminator;
      if (terminator === undefined || ownWire || raw.endsWithData(terminator)) return "";
      return raw.boundary() + sseFrame(terminator);
    },
    fail(error) {
      if (framed === 0 && raw.seen() && !raw.isSse()) return undefined;
      return raw.boundary() + dialect.fail(error, raw.tail());
    },
    keepAlive() {
      const foreign = framed === 0 && raw.seen() && !raw.isSse();
      // In the middle of an event that is written by hand, it would become a part of it.
      return foreign || raw.boundary() !== "" ? undefined : (dialect.keepAlive ?? sseComment);
    },
  };
}

/** `predict`: lines of JSON, or server-sent events for a client that asks for them. */
function createPredictFramer(sse: boolean): Framer {
  const raw = createRawText();
  let framed = 0;
  let rawFirst = false;
  const boundary = () => (sse ? raw.boundary() : "");
  return {
    contentType(first) {
      if (sse) return sseContentType;
      return first === undefined || isRaw(first) ? "application/octet-stream" : "application/x-ndjson";
    },
    frame(item) {
      if (isRaw(item)) {
        rawFirst ||= framed === 0;
        return raw.pass(item);
      }
      const json = oneLineJson(item);
      const text = sse ? boundary() + sseFrame(json) : `${json}\n`;
      framed += 1;
      raw.clear();
      return text;
    },
    end: () => "",
    fail(error) {
      if (rawFirst && !(sse && raw.isSse())) return undefined;
      const body = oneLineJson(errorBody("json", error, ""));
      if (sse) return boundary() + sseFrame(body, "error");
      return raw.tail() === "" || raw.tail().endsWith("\n") ? `${body}\n` : `\n${body}\n`;
    },
    keepAlive: () => (!sse || (rawFirst && !raw.isSse()) || boundary() !== "" ? undefined : sseComment),
  };
}

/** Responses events carry a number each, and a failure is told twice: every client measured heeds one or the other. */
function createResponsesDialect(): Dialect {
  let sequence = -1;
  let response: object | undefined;
  return {
    frame(item) {
      const text = frameByType(item);
      const fields = item as { sequence_number?: unknown; response?: unknown } | null;
      if (typeof fields?.sequence_number === "number") sequence = fields.sequence_number;
      if (typeof fields?.response === "object" && fields.response !== null) response = fields.response;
      return text;
    },
    fail(error, rawTail) {
      const numbers = [...rawTail.matchAll(/"sequence_number":\s*(\d+)/g)].map(([, digits]) => Number(digits));
      const next = Math.max(sequence, ...numbers) + 1;
      const { message, type, param, code } = openaiError(error);
      const nested = { type, code, message, param };
      const event = { type: "error", code: code ?? type, message, param, sequence_number: next, error: nested };
      const failed = {
        type: "response.failed",
        sequence_number: next + 1,
        response: failedResponse(response, { code: code ?? type, message }),
      };
      return frameByType(event) + frameByType(failed);
    },
  };
}

/** Anthropic's SDK skips events without a name, so each is named by its own `type`. */
function frameByType(item: unknown): string {
  const type = typeof item === "object" && item !== null && "type" in item ? item.type : undefined;
  const nameable = typeof type === "string" && /^[^\r\n]+$/.test(type);
  return sseFrame(oneLineJson(item), nameable ? type : undefined);
}

function isRaw(item: unknown): item is string | Uint8Array | ArrayBuffer {
  return typeof item === "string" || item instanceof Uint8Array || item instanceof ArrayBuffer;
}

/** Enough to tell server-sent events by their first field. */
const headLength = 16;

/** Enough to hold the last whole event of most hand-written streams. */
const tailLength = 4096;

/** Watches items that go out untouched, to know where the wire stands after them. */
function createRawText() {
  const decoder = new TextDecoder();
  let head = "";
  let tail = "";
  return {
    pass(item: string | Uint8Array | ArrayBuffer): string | Uint8Array {
      const out = item instanceof ArrayBuffer ? new Uint8Array(item) : item;
      const text = (start: number, end?: number) =>
        typeof out === "string" ? out.slice(start, end) : decoder.decode(out.subarray(start, end));
      if (head.length < headLength) head += text(0, headLength);
      tail = (tail + text(-tailLength)).slice(-tailLength);
      return out;
    },
    /** A framed item followed: the wire stands at an event's end. */
    clear() {
      tail = "";
    },
    seen: () => head !== "",
    isSse: () => looksLikeSse(head),
    boundary: () => eventBoundary(tail),
    endsWithData: (data: string) => /(?:^|[\r\n])data: ?([^\r\n]*)\s*$/.exec(tail)?.[1] === data,
    tail: () => tail,
  };
}
