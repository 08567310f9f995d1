import { TrussError, exitCodes } from "../../errors.ts";
import type { Reporter } from "../../events.ts";
import type { ModelAnswer } from "./call.ts";
import { failureOf, failureOfLine, parse, textOf } from "./deltas.ts";
import { type StreamEvent, createEventReader, createLineReader } from "./events.ts";

/**
 * `raw`: the bytes as they come. `json`: one JSON value a line. `text`: what a model has written, without what is around
 * it. `terminal`: the text of streams, JSON indented, and no binary data.
 */
export type AnswerForm = "raw" | "json" | "text" | "terminal";

/** Turns chunks of a body into what is shown. */
interface Renderer {
  readonly push: (chunk: Uint8Array) => readonly (string | Uint8Array)[];
  readonly end: () => readonly (string | Uint8Array)[];
  /** What the server has said inside the stream of why it failed; asked at the end. */
  readonly failure?: () => string | undefined;
}

/**
 * What is shown of a successful answer, piece by piece as it comes. The last may lack its line end.
 *
 * @throws TrussError NETWORK_FAILED where it breaks off, REQUEST_FAILED where the server says in the stream that it failed
 */
export async function* renderAnswer(
  answer: ModelAnswer,
  form: AnswerForm,
  report: Reporter,
): AsyncGenerator<string | Uint8Array, void> {
  const renderer = createRenderer(answer.type, form, report);
  for await (const chunk of answer.body) yield* renderer.push(chunk);
  yield* renderer.end();
  const failure = renderer.failure?.();
  if (failure === undefined) return;
  throw new TrussError("REQUEST_FAILED", `The model failed in the middle of its answer: ${failure}`, {
    hint: "what came before is not the whole answer; the server's log tells more",
    exitCode: exitCodes.platform,
  });
}

function createRenderer(type: string, form: AnswerForm, report: Reporter): Renderer {
  if (type === "text/event-stream") return form === "raw" ? createRawEvents() : createEvents(form);
  if (/^application\/(?:x-ndjson|jsonl|x-jsonlines)$/.test(type)) return createLines(form);
  if (form === "raw") return { push: (chunk) => [chunk], end: () => [] };
  if (/^application\/(?:.+\+)?json$/.test(type)) return createWhole(form);
  return createText(type, form, report);
}

function createRawEvents(): Renderer {
  const decoder = new TextDecoder();
  const reader = createEventReader();
  const watch = createWatch();
  return {
    push(chunk) {
      for (const event of reader.push(decoder.decode(chunk, { stream: true }))) watch.see(event);
      return [chunk];
    },
    end() {
      for (const event of reader.end()) watch.see(event);
      return [];
    },
    failure: watch.failure,
  };
}

function createEvents(form: Exclude<AnswerForm, "raw">): Renderer {
  const decoder = new TextDecoder();
  const reader = createEventReader();
  const watch = createWatch();
  const show = (event: StreamEvent) => {
    if (watch.see(event) || event.data === "[DONE]") return "";
    const value = parse(event.data);
    if (form === "json") return `${JSON.stringify(value === undefined ? event.data : value)}\n`;
    return textOf(value) ?? (typeof value === "string" ? value : `${event.data}\n`);
  };
  const showAll = (events: readonly StreamEvent[]) => events.map(show).filter((text) => text !== "");
  return {
    push: (chunk) => showAll(reader.push(decoder.decode(chunk, { stream: true }))),
    end: () => showAll(reader.end()),
    failure: watch.failure,
  };
}

/** Remembers that a stream has said that it failed. */
function createWatch() {
  let failure: string | undefined;
  return {
    see(event: StreamEvent): boolean {
      const found = failureOf(event);
      failure ??= found;
      return found !== undefined;
    },
    failure: () => failure,
  };
}

/** Lines of JSON. What may be the server's error is held back until another line shows that it is not. */
function createLines(form: AnswerForm): Renderer {
  const decoder = new TextDecoder();
  const reader = createLineReader();
  let held: string | undefined;
  const take = (lines: readonly string[]) => {
    const shown: string[] = [];
    for (const line of lines.filter((each) => each !== "")) {
      if (held !== undefined) shown.push(held);
      held = failureOfLine(line) === undefined ? undefined : line;
      if (held === undefined) shown.push(line);
    }
    return form === "raw" ? [] : shown.map((line) => showLine(line, form));
  };
  return {
    push(chunk) {
      const shown = take(reader.push(decoder.decode(chunk, { stream: true })));
      return form === "raw" ? [chunk] : shown;
    },
    end: () => take(reader.end()),
    failure: () => (held === undefined ? undefined : failureOfLine(held)),
  };
}

function showLine(line: string, form: AnswerForm): string {
  if (form === "json") return `${line}\n`;
  const value = parse(line);
  return textOf(value) ?? (typeof value === "string" ? value : `${line}\n`);
}

/** One JSON value. */
function createWhole(form: AnswerForm): Renderer {
  const chunks: Uint8Array[] = [];
  return {
    push(chunk) {
      chunks.push(chunk);
      return [];
    },
    end() {
      const text = Buffer.concat(chunks).toString("utf8").trim();
      const value = parse(text);
      if (text === "") return [];
      if (value === undefined) return [`${form === "json" ? JSON.stringify(text) : text}\n`];
      // Written anew only where it must be: JavaScript's numbers do not hold every number of JSON's.
      if (form === "json") return [`${/[\r\n]/.test(text) ? JSON.stringify(value) : text}\n`];
      const words = form === "text" ? (textOf(value) ?? (typeof value === "string" ? value : undefined)) : undefined;
      return [`${words ?? JSON.stringify(value, undefined, 2)}\n`];
    },
  };
}

/** Text, or bytes of which nobody has said what they are: a generator of strings is sent so. */
function createText(type: string, form: Exclude<AnswerForm, "raw">, report: Reporter): Renderer {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let binary = false;
  let size = 0;
  const read = (chunk: Uint8Array) => {
    try {
      const text = binary || chunk.includes(0) ? undefined : decoder.decode(chunk, { stream: true });
      binary = text === undefined;
      return text;
    } catch {
      binary = true;
      return undefined;
    }
  };
  return {
    push(chunk) {
      const text = read(chunk);
      size += chunk.length;
      if (form === "json") {
        return [`${JSON.stringify(text ?? { base64: Buffer.from(chunk).toString("base64") })}\n`];
      }
      if (text !== undefined) return [text];
      return form === "text" ? [chunk] : [];
    },
    end() {
      if (form === "terminal" && binary) {
        const what = `${size} bytes of ${type === "" ? "data" : type}`;
        report({ event: "note", message: `${what} are not shown on a terminal. Send them to a file: > FILE` });
      }
      return [];
    },
  };
}
