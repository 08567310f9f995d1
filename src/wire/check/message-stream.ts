import { messageEvent } from "./messages.ts";
import { type Tell, isObject } from "./rule.ts";
import type { CreateStreamCheck } from "./stream.ts";

/** Which deltas a block may have. Blocks that are not listed may have any. */
const deltasOf: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["text", ["text_delta", "citations_delta"]],
  ["tool_use", ["input_json_delta"]],
  ["thinking", ["thinking_delta", "signature_delta"]],
]);

/** The events of `POST /v1/messages`. */
export const createMessageCheck: CreateStreamCheck = (_request, tell) => {
  let begun = false;
  let reason = false;
  let stopped = false;
  const blocks = followBlocks(tell);
  return {
    event(data, name) {
      const type = isObject(data) ? data["type"] : undefined;
      if (name === undefined || (typeof type === "string" && name !== type)) {
        const hint = "the Anthropic SDK skips events by their `event:` line; yield objects, or use toMessage";
        tell({
          path: "event",
          problem: `must be ${JSON.stringify(type)}, is ${JSON.stringify(name) ?? "missing"}`,
          hint,
        });
      }
      messageEvent(data, "", tell);
      if (type !== "ping" && type !== "message_start" && !begun) {
        tell({
          path: "type",
          problem: "message_start must come first",
          hint: "the Anthropic SDK throws; use toMessage",
        });
      }
      begun ||= type !== "ping";
      if (stopped) tell({ path: "type", problem: "nothing may follow message_stop" });
      if (!isObject(data)) return;
      blocks(type, data);
      if (type === "message_delta")
        reason ||= isObject(data["delta"]) && typeof data["delta"]["stop_reason"] === "string";
      stopped ||= type === "message_stop";
    },
    end() {
      if (!reason) {
        const hint = "clients cannot tell why the message ended; yield it or use toMessage";
        tell({ path: "delta.stop_reason", problem: "is missing: no message_delta had one", hint });
      }
      if (!stopped) {
        const hint = "the Anthropic SDK throws without it; yield it or use toMessage";
        tell({ path: "type", problem: "message_stop must come last", hint });
      }
    },
  };
};

/** Blocks are counted from 0, and one is open at a time. */
function followBlocks(tell: Tell) {
  let next = 0;
  let open: { index: unknown; type: unknown } | undefined;
  return (type: unknown, data: Readonly<Record<string, unknown>>) => {
    const { index } = data;
    if (type === "content_block_start") {
      if (open !== undefined) tell({ path: "index", problem: "a block must stop before the next one starts" });
      if (index !== next) tell({ path: "index", problem: `must be ${next}: blocks are counted from 0` });
      next += 1;
      open = { index, type: isObject(data["content_block"]) ? data["content_block"]["type"] : undefined };
    }
    if (type !== "content_block_delta" && type !== "content_block_stop") return;
    if (open === undefined || open.index !== index) {
      tell({
        path: "index",
        problem: "must be that of the block that is open",
        hint: "start a block before its deltas",
      });
    } else if (type === "content_block_delta") checkDelta(open.type, data["delta"], tell);
    if (type === "content_block_stop") open = undefined;
  };
}

function checkDelta(block: unknown, delta: unknown, tell: Tell): void {
  const allowed = deltasOf.get(block);
  const type = isObject(delta) ? delta["type"] : undefined;
  if (allowed === undefined || typeof type !== "string" || allowed.includes(type)) return;
  const problem = `must be ${allowed.join(" or ")} in a block of type ${String(block)}, is ${type}`;
  tell({ path: "delta.type", problem, hint: "the Anthropic SDK drops it" });
}
