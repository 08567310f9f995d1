import { responseEvent } from "./responses.ts";
import { type Tell, isObject } from "./rule.ts";
import type { CreateStreamCheck } from "./stream.ts";

const lasts = ["response.completed", "response.incomplete", "response.failed"];

/** The events of `POST /v1/responses`. */
export const createResponseCheck: CreateStreamCheck = (_request, tell) => {
  let sequence = -1;
  let last: unknown;
  const joins = followJoins(tell);
  return {
    event(data, name) {
      const event = isObject(data) ? data : {};
      const { type, sequence_number: number } = event;
      if (typeof type === "string" && name !== type) {
        tell({ path: "event", problem: `must be ${JSON.stringify(type)}, is ${JSON.stringify(name) ?? "missing"}` });
      }
      responseEvent(data, "", tell);
      if (last === undefined && type !== "response.created") {
        tell({ path: "type", problem: "response.created must come first", hint: "openai's stream() helper throws" });
      }
      if (typeof number === "number" && number !== sequence + 1) {
        const problem = `must be ${sequence + 1}, is ${number}`;
        tell({ path: "sequence_number", problem, hint: "it counts from 0 without gaps; use toResponse" });
      }
      sequence = typeof number === "number" ? number : sequence + 1;
      last = type ?? "";
      joins(event);
    },
    end() {
      if (lasts.includes(String(last))) return;
      const hint = "clients wait for it, or take the answer for cut; yield it or use toResponse";
      tell({ path: "type", problem: `the last event must be one of ${lasts.join(", ")}`, hint });
    },
  };
};

/** Deltas belong to items that were added, and add up to what `.done` says. */
function followJoins(tell: Tell) {
  const items = new Map<unknown, unknown>();
  const texts = new Map<string, string>();
  return (event: Readonly<Record<string, unknown>>) => {
    const { item_id: id, output_index: index } = event;
    const type = String(event["type"]);
    if (type === "response.output_item.added" && isObject(event["item"])) items.set(index, event["item"]["id"]);
    if (typeof id === "string") checkPlace(items, id, index, tell);
    const [, subject, step] = /^response\.(.+)\.(delta|done)$/.exec(type) ?? [];
    if (subject === undefined || id === undefined) return;
    const key = [subject, id, event["content_index"], event["summary_index"]].join(" ");
    if (step === "delta" && typeof event["delta"] === "string") texts.set(key, (texts.get(key) ?? "") + event["delta"]);
    const name = ["text", "refusal", "arguments"].find((member) => typeof event[member] === "string");
    if (step !== "done" || name === undefined || event[name] === (texts.get(key) ?? "")) return;
    tell({ path: name, problem: "must be what the deltas add up to", hint: "clients read either; use toResponse" });
  };
}

function checkPlace(items: Map<unknown, unknown>, id: string, index: unknown, tell: Tell): void {
  if (!items.has(index)) {
    const hint = "openai's stream() helper throws; send response.output_item.added first, or use toResponse";
    tell({ path: "output_index", problem: "must be that of an item that was added", hint });
  } else if (items.get(index) !== undefined && items.get(index) !== id) {
    tell({ path: "item_id", problem: "must be the id of the item at output_index", hint: "use toResponse" });
  }
  // Told of once.
  items.set(index, items.get(index) ?? id);
}
