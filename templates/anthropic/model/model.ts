import { setImmediate } from "node:timers/promises";
import { HttpError, toMessage } from "truss-ts";
import type { GenerationPart, MessageRequest } from "truss-ts";
import { reply } from "./listener.ts";

/** A listener behind Anthropic's API. Put your own model into `load` and `generate`. */
export class Model {
  /** `POST /v1/messages`. The answer is streamed or whole, as the client asks. */
  messages(input: MessageRequest, request: Request) {
    if (!Array.isArray(input.messages) || input.messages.length === 0) {
      throw new HttpError(400, "messages must be a list with at least one message", { param: "messages" });
    }
    return toMessage(input, this.generate(input, request.signal));
  }

  /** Text as it comes, then what it cost and why it ended. */
  private async *generate(input: MessageRequest, signal: AbortSignal): AsyncGenerator<GenerationPart> {
    const turns = input.messages.filter((message) => message.role === "user").map((message) => textOf(message.content));
    const words = wordsOf(reply(turns));
    const sent = words.slice(0, input.max_tokens);
    for (const word of sent) {
      // Gives the server a chance to send what there is, and to notice that the client has gone.
      await setImmediate();
      if (signal.aborted) return;
      yield { type: "text", text: word };
    }
    const asked = wordsOf(
      `${textOf(input.system)} ${input.messages.map((message) => textOf(message.content)).join(" ")}`,
    );
    yield { type: "usage", input_tokens: asked.length, output_tokens: sent.length };
    yield { type: "finish", reason: sent.length < words.length ? "length" : "stop" };
  }
}

/** The text in a message: a plain string, or the blocks of it that are text. */
function textOf(content: MessageRequest["messages"][number]["content"] | MessageRequest["system"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((block) => (block.type === "text" ? block.text : "")).join(" ");
}

/** Words with the space before them: joined, they are the text again. */
function wordsOf(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}
