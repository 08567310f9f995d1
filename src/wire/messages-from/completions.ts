import type { Turn } from "./form.ts";
import { at, countOf, type Field, isAbsent, itemsOf, optional, textOf, wrong } from "./fields.ts";
import { readOpenaiSettings, type Reading } from "./settings.ts";
import { readStops, texts } from "./turns.ts";

/** Reads `POST /v1/completions`: the prompt is what a user says. */
export function readCompletions(body: Field): Reading {
  return {
    ...readOpenaiSettings(body),
    system: "",
    messages: readPrompt(at(body, "prompt")),
    tools: [],
    builtin_tools: [],
    tool_choice: undefined,
    parallel_tool_calls: undefined,
    max_tokens: optional(at(body, "max_tokens"), countOf),
    stop: readStops(at(body, "stop")),
    response_format: undefined,
    reasoning: undefined,
    previous_response_id: undefined,
  };
}

function readPrompt(prompt: Field): Turn[] {
  if (isAbsent(prompt)) return [];
  if (typeof prompt.value === "string") return [{ role: "user", content: texts(prompt.value) }];
  const items = itemsOf(prompt);
  const [first] = items;
  if (items.length === 1 && typeof first?.value === "string") {
    return [{ role: "user", content: texts(textOf(first)) }];
  }
  return wrong(prompt, "one text: several prompts, or tokens, cannot be read as a message");
}
