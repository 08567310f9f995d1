import type { Endpoint, EndpointMethod } from "../../model/endpoints.ts";
import type { Framer } from "../framer.ts";
import { type Body, bodies, errorBodies } from "./bodies.ts";
import { createEventReader } from "./events.ts";
import { type Deviation, type Tell, isObject } from "./rule.ts";
import type { RequestFields } from "./stream.ts";

/** An answer of a `/v1` route that is not what the family's clients read. */
export interface WireWarning extends Deviation {
  readonly method: EndpointMethod;
  readonly request_id: string;
}

/** Looks at what goes out to one request, and changes nothing of it. Never throws. */
export interface Inspection {
  /** A whole answer, as a value that JSON can hold. */
  value(value: unknown): void;
  /** The stream that a framer makes. */
  framer(framer: Framer): Framer;
  /** An answer of the author's own; what comes of it is told of chunk by chunk. */
  response(response: Response): Tap | undefined;
}

export interface Tap {
  chunk(chunk: string | Uint8Array): void;
  /** It came to its end. */
  end(): void;
}

export interface InspectedExchange {
  readonly endpoint: Endpoint;
  readonly input: unknown;
  readonly requestId: string;
}

export type Inspect = (exchange: InspectedExchange) => Inspection | undefined;

/**
 * Watches the `/v1` routes for answers that clients would stumble over, and tells of each kind once for as long as the
 * edition stays the same.
 */
export function createInspector(edition: () => unknown, report: (warning: WireWarning) => void): Inspect {
  const told = new Set<string>();
  let current = edition();
  return ({ endpoint: { method, family }, input, requestId }) => {
    const body = bodies[method];
    if (body === undefined) return undefined;
    const tell: Tell = (deviation) => {
      if (edition() !== current) told.clear();
      current = edition();
      const key = [method, deviation.path.replaceAll(/\[\d+\]/g, "[]"), deviation.problem.replaceAll(/\d+/g, "0")].join(
        " ",
      );
      if (told.has(key)) return;
      told.add(key);
      report({ method, request_id: requestId, ...deviation });
    };
    return inspect(body, errorBodies[family], isObject(input) ? input : {}, tell);
  };
}

function inspect(
  body: Body,
  error: (value: unknown, tell: Tell) => void,
  request: RequestFields,
  tell: Tell,
): Inspection {
  const value = (answer: unknown) => {
    if (request["stream"] === true && body.stream !== undefined) {
      const problem = "is a whole answer, though the request has stream: true";
      tell({ path: "", problem, hint: `clients find nothing in it, and most do not say so; use ${body.helper}` });
    }
    body.whole(request, asSent(answer), tell);
  };
  const events = () => {
    if (request["stream"] !== true || body.stream === undefined) {
      const problem = "is a stream, though the request has no stream: true";
      tell({ path: "", problem, hint: `clients cannot parse it as JSON; use ${body.helper}` });
    }
    return body.stream === undefined ? undefined : followEvents(body.stream(request, tell), tell);
  };
  return {
    value: (answer) => harmlessly(() => value(answer)),
    framer: (framer) => harmlessly(() => tapFramer(framer, events())) ?? framer,
    response: (response) => harmlessly(() => tapResponse(response)),
  };

  function tapResponse({ status, headers }: Response): Tap | undefined {
    const type = headers.get("content-type") ?? "";
    if (headers.has("content-encoding")) return undefined;
    if (status >= 400) return harmless(collect((answer) => error(answer, tell)));
    if (status !== 200) return undefined;
    if (/^text\/event-stream\b/i.test(type)) return harmless(events());
    return /^application\/json\b/i.test(type) ? harmless(collect(value)) : undefined;
  }
}

/** The answer goes its way, whatever becomes of the look at it. */
function harmlessly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function harmless(tap: Tap | undefined): Tap | undefined {
  return tap && { chunk: (chunk) => harmlessly(() => tap.chunk(chunk)), end: () => harmlessly(() => tap.end()) };
}

/** What JSON makes of a value. */
function asSent(value: unknown): unknown {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return "bytes";
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}

function followEvents(check: { event(data: unknown, name: string | undefined): void; end(): void }, tell: Tell): Tap {
  let failed = false;
  const chunk = createEventReader(({ name, data }) => {
    if (failed || data === "[DONE]") return;
    const parsed = parse(data);
    if (parsed === undefined)
      return tell({ path: "data", problem: "is no JSON", hint: "the SDKs throw a SyntaxError" });
    // An error in the stream ends it; what it broke off is not missed.
    failed = isObject(parsed.value) && (parsed.value["type"] === "error" || isObject(parsed.value["error"]));
    if (!failed) check.event(parsed.value, name);
  });
  return { chunk, end: () => (failed ? undefined : check.end()) };
}

function tapFramer(framer: Framer, watching: Tap | undefined): Framer {
  const tap = harmless(watching);
  if (tap === undefined) return framer;
  const seen = <T extends string | Uint8Array>(chunk: T): T => {
    tap.chunk(chunk);
    return chunk;
  };
  return {
    ...framer,
    frame: (item) => seen(framer.frame(item)),
    end() {
      const last = seen(framer.end());
      tap.end();
      return last;
    },
  };
}

/** Bytes. Larger answers are not looked at. */
const largestBody = 16 * 1024 * 1024;

function collect(look: (value: unknown) => void): Tap {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    chunk(chunk) {
      size += chunk.length;
      if (size <= largestBody) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    },
    end() {
      const parsed = size > largestBody ? undefined : parse(Buffer.concat(chunks).toString("utf8"));
      if (parsed !== undefined) look(parsed.value);
    },
  };
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
