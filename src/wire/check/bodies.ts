import type { EndpointMethod, Family } from "../../model/endpoints.ts";
import { chatCompletion } from "./chat.ts";
import { createChatCheck, createCompletionCheck } from "./chunk-stream.ts";
import { completion } from "./completions.ts";
import { checkVectors, embeddings } from "./embeddings.ts";
import { createMessageCheck } from "./message-stream.ts";
import { message } from "./messages.ts";
import { createResponseCheck } from "./response-stream.ts";
import { response } from "./responses.ts";
import { type Rule, type Tell, hinted, nullable, object, oneOf, text } from "./rule.ts";
import type { CreateStreamCheck, RequestFields } from "./stream.ts";

/** What an endpoint's clients read. */
export interface Body {
  /** What makes it right. */
  readonly helper: string;
  readonly whole: (request: RequestFields, value: unknown, tell: Tell) => void;
  /** Undefined: it has no streams. */
  readonly stream?: CreateStreamCheck;
}

/** The endpoints whose answers have a form. */
export const bodies: Readonly<Partial<Record<EndpointMethod, Body>>> = {
  chat_completions: { helper: "toChatCompletion", whole: by(chatCompletion), stream: createChatCheck },
  completions: { helper: "toCompletion", whole: by(completion), stream: createCompletionCheck },
  embeddings: {
    helper: "toEmbeddings",
    whole(request, value, tell) {
      embeddings(value, "", tell);
      checkVectors(request, value, tell);
    },
  },
  responses: { helper: "toResponse", whole: by(response), stream: createResponseCheck },
  messages: { helper: "toMessage", whole: by(message), stream: createMessageCheck },
};

const hint = "the SDKs find neither message nor type in it; throw an HttpError";
const nothing = () => undefined;

/** The bodies of errors, by family. */
export const errorBodies: Readonly<Record<Family, (value: unknown, tell: Tell) => void>> = {
  openai: asError(
    object({ error: object({ message: text, type: text, param: nullable(text), code: nullable(text) }) }),
  ),
  anthropic: asError(object({ type: oneOf("error"), error: object({ type: text, message: text }) })),
  json: nothing,
  websocket: nothing,
};

function by(rule: Rule<unknown>): Body["whole"] {
  return (_request, value, tell) => rule(value, "", tell);
}

function asError(rule: Rule<unknown>) {
  return (value: unknown, tell: Tell) => hinted(rule, hint)(value, "", tell);
}
