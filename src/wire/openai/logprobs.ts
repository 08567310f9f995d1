import type { ChatCompletionTokenLogprob } from "openai/resources/chat/completions/completions";
import type { CompletionChoice } from "openai/resources/completions";
import type { ResponseOutputText } from "openai/resources/responses/responses";
import type { TokenLogprob } from "../generation.ts";

/** How many of the likeliest tokens a client wants at each place; `undefined`: it wants no logprobs at all. */
export type Wanted = number | undefined;

export function chatLogprobs(
  tokens: readonly TokenLogprob[] | undefined,
  wanted: Wanted,
): { content: ChatCompletionTokenLogprob[]; refusal: null } | null {
  if (tokens === undefined || tokens.length === 0 || wanted === undefined) return null;
  return { content: tokens.map((token) => detailed(token, wanted)), refusal: null };
}

/** Of a delta and of a whole text alike: Open Responses requires the bytes in either, OpenAI in the latter. */
export function responseLogprobs(tokens: readonly TokenLogprob[], wanted: Wanted): ResponseOutputText.Logprob[] {
  return wanted === undefined ? [] : tokens.map((token) => detailed(token, wanted));
}

/** The older API has a list for each field. `offset`: where the first token begins in the answer's text. */
export function completionLogprobs(
  tokens: readonly TokenLogprob[] | undefined,
  wanted: Wanted,
  offset: number,
): CompletionChoice.Logprobs | null {
  if (tokens === undefined || tokens.length === 0 || wanted === undefined) return null;
  let at = offset;
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => told(logprob)),
    top_logprobs: tokens.map(({ top_logprobs = [] }) =>
      Object.fromEntries(top_logprobs.slice(0, wanted).map(({ token, logprob }) => [token, told(logprob)])),
    ),
    text_offset: tokens.map(({ token }) => (at += token.length) - token.length),
  };
}

function detailed({ token, logprob, bytes, top_logprobs = [] }: TokenLogprob, wanted: number) {
  return {
    token,
    logprob: told(logprob),
    bytes: [...(bytes ?? new TextEncoder().encode(token))],
    top_logprobs: top_logprobs.slice(0, wanted).map((top) => ({
      token: top.token,
      logprob: told(top.logprob),
      bytes: [...(top.bytes ?? new TextEncoder().encode(top.token))],
    })),
  };
}

/** A token that can never come has minus infinity, which JSON turns into null; OpenAI says -9999 of very unlikely ones. */
function told(logprob: number): number {
  return logprob === -Infinity ? -9999 : logprob;
}
