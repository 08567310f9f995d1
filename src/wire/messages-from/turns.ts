import type { AssistantPart, SystemTurn, ToolTurn, Turn, UserTurn } from "./form.ts";
import type { TextPart } from "../generation.ts";
import { at, type Field, isAbsent, itemsOf, textOf } from "./fields.ts";

/** Collects turns in order; pieces of one answer, which some families spread over several items, become one turn. */
export function createTurnList() {
  const turns: Turn[] = [];
  let answer: AssistantPart[] | undefined;
  return {
    add(turn: SystemTurn | UserTurn | ToolTurn): void {
      answer = undefined;
      turns.push(turn);
    },
    answer(parts: readonly AssistantPart[], continues: boolean): void {
      if (answer === undefined || !continues) {
        answer = [];
        turns.push({ role: "assistant", content: answer });
      }
      answer.push(...parts);
    },
    turns: turns as readonly Turn[],
  };
}

/** The system turns at the beginning are the system prompt; later ones stay where they are. */
export function splitSystem(instructions: string, turns: readonly Turn[]): { system: string; messages: Turn[] } {
  const first = turns.findIndex(({ role }) => role !== "system");
  const leading = (first === -1 ? turns : turns.slice(0, first)).map(joinTexts);
  return {
    system: [instructions, ...leading].filter((text) => text !== "").join("\n\n"),
    messages: first === -1 ? [] : turns.slice(first),
  };
}

/**
 * The text of a turn, without its images, files, tool calls and thoughts.
 *
 * @example
 * const prompt = form.messages.map((turn) => `${turn.role}: ${textOfTurn(turn)}`).join("\n");
 */
export function textOfTurn({ content }: Turn): string {
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}

/** An empty text says nothing, and some families refuse it. */
export function texts(text: string): TextPart[] {
  return text === "" ? [] : [{ type: "text", text }];
}

/** Content that is a text, or a list of parts. */
export function readContent<Part>(content: Field, readPart: (part: Field) => readonly Part[]): (Part | TextPart)[] {
  if (typeof content.value === "string") return texts(content.value);
  return itemsOf(content).flatMap((part) => [...readPart(part)]);
}

/** A part that is nothing but a text. */
export function readText(part: Field): TextPart[] {
  return texts(textOf(at(part, "text")));
}

/** A list of texts, or one. */
export function readStops(stop: Field): string[] {
  if (isAbsent(stop)) return [];
  return typeof stop.value === "string" ? [stop.value] : itemsOf(stop).map(textOf);
}

function joinTexts(turn: Turn): string {
  return turn.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}
