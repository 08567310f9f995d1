import type { TokenLogprob } from "../generation.ts";
import { isFields, listOf } from "./fields.ts";

/** OpenAI's newer form: a list of tokens with all that is known of each. */
export function readLogprobs(value: unknown): TokenLogprob[] {
  return listOf(value).flatMap((entry) => {
    const { token, logprob, bytes, top_logprobs } = entry;
    if (typeof token !== "string" || typeof logprob !== "number") return [];
    return [
      {
        token,
        logprob,
        ...(Array.isArray(bytes) ? { bytes: bytes as number[] } : {}),
        ...(Array.isArray(top_logprobs) && top_logprobs.every(isFields)
          ? { top_logprobs: readLogprobs(top_logprobs) }
          : {}),
      },
    ];
  });
}
