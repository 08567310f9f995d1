import { HttpError } from "../errors.ts";
import { createId } from "../wire/ids.ts";
import type { Fields } from "../wire/messages-from/form.ts";
import { markKept } from "../wire/openai/kept.ts";
import type { ResponseStore } from "./response-store.ts";
import { isStream, iteratorOf } from "./stream.ts";

/** One request of `responses` where the server keeps them. */
export interface Conversation {
  /** The request with the earlier turns in its input; an error 400 where it refers to what is not kept. */
  resolve(input: unknown): unknown;
  /** The same answer, seen as it passes: its response is kept when it is whole. */
  watch(answer: unknown): unknown;
}

/** What a response of `status` may be gone on from. */
const finished: ReadonlySet<unknown> = new Set(["completed", "incomplete"]);

export function createConversation(store: ResponseStore): Conversation {
  let input: readonly Fields[] | undefined;
  const keep = (response: unknown) => {
    if (input === undefined || !isFields(response) || typeof response["id"] !== "string") return;
    if (finished.has(response["status"])) store.put({ response, input });
  };
  const see = (item: unknown) => {
    if (!isFields(item)) return;
    if (item["type"] === "response.completed" || item["type"] === "response.incomplete") keep(item["response"]);
  };
  return {
    resolve(request) {
      if (!isFields(request)) return request;
      const whole = [...readEarlier(store, request), ...readInput(store, request["input"])];
      if (request["store"] !== false) input = whole;
      return markKept({ ...request, input: whole });
    },
    watch(answer) {
      if (isStream(answer)) return watchStream(answer, see);
      keep(answer);
      return answer;
    },
  };
}

/** Prior input and prior output. The instructions of back then are not carried over. */
function readEarlier(store: ResponseStore, request: Fields): Fields[] {
  const id = request["previous_response_id"];
  if (id === undefined || id === null) return [];
  const kept = typeof id === "string" ? store.get(id) : undefined;
  if (kept === undefined) {
    throw new HttpError(400, `There is no response ${nameOf(id)} here: it may have made room for later ones`, {
      param: "previous_response_id",
      code: "previous_response_not_found",
    });
  }
  const { output } = kept.response;
  return [...kept.input, ...(Array.isArray(output) ? (output as Fields[]) : [])];
}

/** The new input as items that can be told apart. What is no item at all is the model's to refuse. */
function readInput(store: ResponseStore, input: unknown): Fields[] {
  if (typeof input === "string") return input === "" ? [] : [withId(userMessage(input))];
  if (!Array.isArray(input)) return [];
  return (input as unknown[]).map((item, index) => {
    if (!isFields(item)) throw new HttpError(400, `input[${index}] must be an object`, { param: `input[${index}]` });
    if (item["type"] !== "item_reference") return withId(item);
    const { id } = item;
    const found = typeof id === "string" ? store.item(id) : undefined;
    if (found !== undefined) return found;
    throw new HttpError(400, `There is no item ${nameOf(id)} here`, { param: `input[${index}].id` });
  });
}

function userMessage(text: string): Fields {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

function withId(item: Fields): Fields {
  return typeof item["id"] === "string" ? item : { ...item, id: createId(prefixes.get(item["type"]) ?? "msg") };
}

const prefixes: ReadonlyMap<unknown, string> = new Map([
  ["function_call", "fc"],
  ["function_call_output", "fco"],
  ["reasoning", "rs"],
]);

/** Clients may send anything in the place of an id. */
function nameOf(id: unknown): string {
  return typeof id === "string" ? id : `whose id is ${id === null ? "null" : `of type ${typeof id}`}`;
}

/** Hands every call on as it is, so that `return()` ends a stream whose next item is still awaited. */
function watchStream(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  see: (item: unknown) => void,
): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = iteratorOf(source);
      return {
        async next() {
          const step = await iterator.next();
          if (step.done !== true) see(step.value);
          return step;
        },
        async return(value?: unknown) {
          return (await iterator.return?.(value)) ?? { done: true, value };
        },
      };
    },
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
