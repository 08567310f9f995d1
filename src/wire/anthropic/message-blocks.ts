import type {
  ContentBlock,
  RawContentBlockDelta,
  RawMessageStreamEvent,
} from "@anthropic-ai/sdk/resources/messages/messages";
import type { ReasoningPart, ToolCallPart } from "../generation.ts";
import { createJsonWatch } from "../json-watch.ts";
import {
  type Block,
  type CallBlock,
  isWhole,
  notAnObject,
  type TextualBlock,
  toBlock,
  toDelta,
  toSeal,
  toStart,
} from "./message-block.ts";

type Events = RawMessageStreamEvent[];

/**
 * Writes content blocks, and keeps the finished ones. One is open at a time: what comes of others while a tool call is
 * not whole waits, and follows in the order in which it began.
 */
export function createBlockWriter() {
  const queue = createBlockQueue();
  const calls = new Map<string, CallBlock>();

  const text = (said: string, kind: TextualBlock["kind"] = "text"): Events => {
    if (said === "") return [];
    const block = queue.current(kind);
    if (block === undefined) return queue.push({ kind, pieces: [said], signature: "" });
    block.pieces.push(said);
    return queue.delta(block, toDelta(kind, said));
  };

  return {
    content: queue.content,
    text,
    reasoning(part: ReasoningPart): Events {
      const events = text(part.text, "reasoning");
      const { signature = "" } = part;
      if (signature === "") return events;
      const block = queue.current("reasoning");
      if (block === undefined) return [...events, ...queue.push({ kind: "reasoning", pieces: [], signature })];
      block.signature = signature;
      return [...events, ...queue.delta(block, toSeal(signature))];
    },
    call(part: ToolCallPart): Events {
      const known = calls.get(part.id);
      const block = known ?? { kind: "call", id: part.id, name: part.name, pieces: [], json: createJsonWatch() };
      block.json.push(part.arguments);
      if (part.arguments !== "") block.pieces.push(part.arguments);
      if (known === undefined) {
        calls.set(part.id, block);
        return queue.push(block);
      }
      // It was whole, and another block has begun since: only white space can be left of it.
      if (queue.isClosed(block) && block.json.state === "broken") throw notAnObject(block.name);
      const events = part.arguments === "" ? [] : queue.delta(block, toDelta("call", part.arguments));
      return [...events, ...queue.advance()];
    },
    /** After the last part. A call may be unfinished where the answer was cut short. */
    end: queue.end,
  };
}

/** Blocks in their order: those that are finished, the open one, and those that wait for their turn. */
function createBlockQueue() {
  const content: ContentBlock[] = [];
  const waiting: Block[] = [];
  let open: Block | undefined;

  const close = (cutShort = false): Events => {
    if (open === undefined) return [];
    content.push(toBlock(open, cutShort));
    open = undefined;
    return [{ type: "content_block_stop", index: content.length - 1 }];
  };
  const begin = (block: Block): Events => {
    open = block;
    const index = content.length;
    const deltas = block.pieces.length === 0 ? [] : [toDelta(block.kind, block.pieces.join(""))];
    if (block.kind !== "call" && block.signature !== "") deltas.push(toSeal(block.signature));
    return [
      { type: "content_block_start", index, content_block: toStart(block) },
      ...deltas.map((delta) => ({ type: "content_block_delta" as const, index, delta })),
    ];
  };
  /** Opens what waits, as far as what is before it is whole. */
  const advance = (): Events => {
    const events: Events = [];
    for (;;) {
      const next = open === undefined || isWhole(open) ? waiting.shift() : undefined;
      if (next === undefined) return events;
      events.push(...close(), ...begin(next));
    }
  };

  return {
    content: content as readonly ContentBlock[],
    advance,
    push(block: Block): Events {
      waiting.push(block);
      return advance();
    },
    /** A block that waits says nothing yet. */
    delta: (block: Block, delta: RawContentBlockDelta): Events =>
      block === open ? [{ type: "content_block_delta", index: content.length, delta }] : [],
    /** The block that the next text of its kind belongs to. */
    current(kind: TextualBlock["kind"]): TextualBlock | undefined {
      const last = waiting.at(-1) ?? open;
      if (last === undefined || last.kind === "call") return undefined;
      return last.kind === kind && last.signature === "" ? last : undefined;
    },
    isClosed: (block: Block) => block !== open && !waiting.includes(block),
    end(cutShort: boolean): Events {
      const events = waiting.splice(0).flatMap((block) => [...close(cutShort), ...begin(block)]);
      return [...events, ...close(cutShort)];
    },
  };
}
