import type { FinishReason, GenerationPart } from "../generation.ts";
import { createCalls } from "./calls.ts";
import { countOf, type Fields, fieldsOf, textOf } from "./fields.ts";
import type { ForeignReader } from "./types.ts";
import { aborted, upstreamFailure } from "./upstream-error.ts";
import { usagePart } from "./usage.ts";

/** Reads the parts of a `fullStream` of the AI SDK, of its majors from 5 on, and those of its providers' streams. */
export function createAiSdkReader(): ForeignReader<GenerationPart> {
  const calls = createCalls();
  let finished = false;

  const reasoning = (part: Fields): GenerationPart[] => {
    const text = textOf(part["text"] ?? part["delta"]);
    const signature = signatureOf(part["providerMetadata"]);
    if (text === "" && signature === "") return [];
    return [{ type: "reasoning", text, ...(signature === "" ? {} : { signature }) }];
  };
  const call = (part: Fields): GenerationPart[] => {
    const id = textOf(part["toolCallId"]);
    const input = typeof part["input"] === "string" ? part["input"] : JSON.stringify(part["input"] ?? {});
    return [...(calls.has(id) ? [] : calls.piece(id, id, textOf(part["toolName"]), "")), ...calls.end(id, input)];
  };

  return {
    read(part) {
      // The provider's own tools are run by the provider: the client has nothing to do for them.
      if (part["providerExecuted"] === true) return [];
      const id = textOf(part["id"]);
      switch (part["type"]) {
        case "text-delta": {
          const text = textOf(part["text"] ?? part["delta"]);
          return text === "" ? [] : [{ type: "text", text }];
        }
        case "reasoning-delta":
        case "reasoning-end":
          return reasoning(part);
        case "tool-input-start":
          return calls.piece(id, id, textOf(part["toolName"]), "");
        case "tool-input-delta":
          return calls.has(id) ? calls.piece(id, "", "", textOf(part["delta"])) : [];
        case "tool-call":
          return call(part);
        case "finish-step":
          return toUsage(part["usage"]);
        case "finish":
          finished = true;
          return [...toUsage(part["totalUsage"] ?? part["usage"]), ...toFinish(part["finishReason"])];
        case "error":
          throw upstreamFailure(part["error"]);
        case "abort":
          throw aborted();
        default:
          return [];
      }
    },
    isFinished: () => finished,
  };
}

function signatureOf(metadata: unknown): string {
  return textOf(fieldsOf(fieldsOf(metadata)["anthropic"])["signature"]);
}

/** Numbers in streams, objects with a `total` in providers' streams; details have moved from major to major. */
function toUsage(value: unknown): GenerationPart[] {
  const usage = fieldsOf(value);
  const [input, output] = [usage["inputTokens"], usage["outputTokens"]];
  return usagePart({
    input: countOf(input, fieldsOf(input)["total"]),
    output: countOf(output, fieldsOf(output)["total"]),
    cached: countOf(
      fieldsOf(usage["inputTokenDetails"])["cacheReadTokens"],
      usage["cachedInputTokens"],
      fieldsOf(input)["cacheRead"],
    ),
    reasoning: countOf(
      fieldsOf(usage["outputTokenDetails"])["reasoningTokens"],
      usage["reasoningTokens"],
      fieldsOf(output)["reasoning"],
    ),
  });
}

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
};

function toFinish(value: unknown): GenerationPart[] {
  const name = textOf(value) || textOf(fieldsOf(value)["unified"]);
  if (name === "error") throw upstreamFailure(undefined);
  const reason = reasons[name];
  return reason === undefined ? [] : [{ type: "finish", reason }];
}
