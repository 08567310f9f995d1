import { requireObject } from "./input.ts";
import { readChat } from "./messages-from/chat.ts";
import { readCompletions } from "./messages-from/completions.ts";
import { familyOfRequest } from "./messages-from/family.ts";
import type { Fields, RequestFamily, RequestForm } from "./messages-from/form.ts";
import type { Field } from "./messages-from/fields.ts";
import { readMessages } from "./messages-from/messages.ts";
import { readResponses } from "./messages-from/responses.ts";
import type { Reading } from "./messages-from/settings.ts";

/**
 * Reads a request of any of the four text families into one form, so that `generate` is written once. A body that its
 * family does not allow is an `HttpError` 400 whose `param` names the place, such as
 * `messages[2].content[0].image_url`.
 *
 * @param family whose request it is. By default its shape tells: see docs/protocols.md
 *
 * @example
 * messages(input: MessageRequest, request: Request) {
 *   return toMessage(input, this.generate(messagesFrom(input, "messages"), request.signal));
 * }
 */
export function messagesFrom<Input extends object>(input: Input, family?: RequestFamily): RequestForm<Input> {
  requireObject(input);
  const chosen = family ?? familyOfRequest(input as Fields);
  return { family: chosen, ...readers[chosen]({ value: input, path: "" }), raw: input };
}

const readers: Readonly<Record<RequestFamily, (body: Field) => Reading>> = {
  chat_completions: readChat,
  completions: readCompletions,
  responses: readResponses,
  messages: readMessages,
};
