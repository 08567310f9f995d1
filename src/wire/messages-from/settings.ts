import { at, type Field, fieldsOf, flagOf, numberOf, optional, textOf, wholeOf } from "./fields.ts";
import type { RequestForm } from "./form.ts";

/** What a family's reader finds; the family itself and the raw body are added by its caller. */
export type Reading = Omit<RequestForm, "family" | "raw">;

/** What all families call by the same names. */
export function readSettings(body: Field) {
  return {
    model: optional(at(body, "model"), textOf),
    temperature: optional(at(body, "temperature"), numberOf),
    top_p: optional(at(body, "top_p"), numberOf),
    // Many servers of OpenAI's formats know it too.
    top_k: optional(at(body, "top_k"), wholeOf),
    stream: optional(at(body, "stream"), flagOf) ?? false,
    metadata: optional(at(body, "metadata"), fieldsOf) ?? {},
  };
}

/** What OpenAI's families have in common. */
export function readOpenaiSettings(body: Field) {
  return {
    ...readSettings(body),
    seed: optional(at(body, "seed"), wholeOf),
    presence_penalty: optional(at(body, "presence_penalty"), numberOf),
    frequency_penalty: optional(at(body, "frequency_penalty"), numberOf),
    parallel_tool_calls: optional(at(body, "parallel_tool_calls"), flagOf),
    user: optional(at(body, "user"), textOf) ?? optional(at(body, "safety_identifier"), textOf),
  };
}
