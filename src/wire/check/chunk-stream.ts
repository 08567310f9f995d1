import { chatCompletionChunk } from "./chat.ts";
import { completionChunk } from "./completions.ts";
import { type Rule, type Tell, isObject } from "./rule.ts";
import type { CreateStreamCheck } from "./stream.ts";

/** The chunks of `POST /v1/chat/completions`. */
export const createChatCheck: CreateStreamCheck = (request, tell) => {
  const follow = followChunks(request, tell, {
    rule: chatCompletionChunk,
    helper: "toChatCompletion",
    finish: "openai's stream() helper and the AI SDK throw without it",
  });
  const roles = new Set<unknown>();
  const calls = new Set<string>();
  return {
    ...follow,
    event(data) {
      follow.event(data);
      for (const [place, choice] of choicesOf(data)) {
        const delta = isObject(choice["delta"]) ? choice["delta"] : {};
        checkRole(place, choice["index"], delta, roles, tell);
        const pieces = Array.isArray(delta["tool_calls"]) ? (delta["tool_calls"] as unknown[]) : [];
        pieces.forEach((piece, at) =>
          checkPiece(`${place}.delta.tool_calls[${at}]`, choice["index"], piece, calls, tell),
        );
      }
    },
  };
};

/** The chunks of `POST /v1/completions`. */
export const createCompletionCheck: CreateStreamCheck = (request, tell) =>
  followChunks(request, tell, {
    rule: completionChunk,
    helper: "toCompletion",
    finish: "the AI SDK reports an unknown finish without it",
  });

interface ChunkWords {
  readonly rule: Rule<unknown>;
  readonly helper: string;
  /** Whom a missing finish breaks. */
  readonly finish: string;
}

function followChunks(request: Readonly<Record<string, unknown>>, tell: Tell, { rule, helper, finish }: ChunkWords) {
  const options = isObject(request["stream_options"]) ? request["stream_options"] : {};
  const wantsUsage = options["include_usage"] === true;
  /** Choices by index, and whether they have finished. */
  const choices = new Map<unknown, boolean>();
  let id: unknown;
  let usage = false;
  return {
    event(data: unknown) {
      rule(data, "", tell);
      if (!isObject(data)) return;
      id ??= data["id"];
      if (typeof data["id"] === "string" && data["id"] !== id) {
        tell({
          path: "id",
          problem: "must be the same in every chunk",
          hint: `clients join chunks by it; use ${helper}`,
        });
      }
      usage ||= isObject(data["usage"]);
      for (const [, choice] of choicesOf(data)) {
        choices.set(
          choice["index"],
          choices.get(choice["index"]) === true || typeof choice["finish_reason"] === "string",
        );
      }
      if (Array.isArray(data["choices"]) && data["choices"].length === 0 && !wantsUsage) {
        const hint = "only for stream_options.include_usage: clients that read choices[0] break";
        tell({ path: "choices", problem: "must not be empty", hint });
      }
    },
    end() {
      if (choices.size === 0) {
        tell({ path: "choices", problem: "the stream ended without any", hint: "openai's stream() helper throws" });
      }
      if ([...choices.values()].includes(false)) {
        const hint = `${finish}; yield it or use ${helper}`;
        tell({ path: "choices[].finish_reason", problem: "is missing in the last chunk", hint });
      }
      if (wantsUsage && !usage) {
        const hint = `the request has stream_options.include_usage; use ${helper}`;
        tell({ path: "usage", problem: "is missing: a chunk with it must come last", hint });
      }
    },
  };
}

function checkRole(
  place: string,
  index: unknown,
  delta: Readonly<Record<string, unknown>>,
  seen: Set<unknown>,
  tell: Tell,
): void {
  if (seen.has(index)) return;
  seen.add(index);
  if (delta["role"] !== undefined) return;
  const hint = "openai's stream() helper throws without it; yield it in the first delta or use toChatCompletion";
  tell({ path: `${place}.delta.role`, problem: "is missing in the first chunk", hint });
}

/** The first piece of a call names it; arguments come as text. */
function checkPiece(place: string, choice: unknown, piece: unknown, calls: Set<string>, tell: Tell): void {
  if (!isObject(piece) || piece["index"] === undefined) return;
  const key = `${String(choice)}:${String(piece["index"])}`;
  if (calls.has(key)) return;
  calls.add(key);
  const called = isObject(piece["function"]) ? piece["function"] : {};
  const needed = { id: piece["id"], type: piece["type"], "function.name": called["name"] };
  for (const [name, value] of Object.entries(needed)) {
    if (value !== undefined) continue;
    const hint = "clients throw, or call a tool without a name; use toChatCompletion";
    tell({ path: `${place}.${name}`, problem: "is missing in the first piece of a call", hint });
  }
}

function choicesOf(data: unknown): [string, Readonly<Record<string, unknown>>][] {
  const choices = isObject(data) && Array.isArray(data["choices"]) ? (data["choices"] as unknown[]) : [];
  return choices.flatMap((choice, at) => (isObject(choice) ? [[`choices[${at}]`, choice]] : []));
}
