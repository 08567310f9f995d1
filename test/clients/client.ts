/** The families of endpoints that clients talk to. */
export type Family = "chat" | "completions" | "responses" | "messages";

/** One question, which every client puts in its own way. */
export interface Ask {
  /** Where the `/v1` routes are, without `/v1`. */
  readonly base: string;
  /** What the model does is chosen by its name. */
  readonly model: string;
  readonly image?: { readonly mediaType: string; readonly base64: string };
  readonly tools?: boolean;
  readonly signal?: AbortSignal;
  /** Called with each piece of text as it comes. */
  readonly onText?: (piece: string) => void;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** What the client made of the answer, in the same words for all of them. */
export interface Answer {
  readonly text: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCall[];
  readonly finish?: string;
  readonly usage?: Usage;
  readonly refusal?: string;
}

export interface Usage {
  /** All that was read, cached or not. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cached?: number | undefined;
  readonly reasoning?: number | undefined;
}

/** What some clients have no place for, or drop. */
export type Feature =
  | "tools"
  | "reasoning"
  | "images"
  | "finish"
  | "usage"
  | "usage details"
  | "usage at the end"
  | "error message"
  | "stop sequence"
  /** An answer that was refused, at all. */
  | "refused"
  /** The words of a refusal. */
  | "refusal";

export type Way = "whole" | "streamed";

/** One way of one version of one package to talk to one family. */
export interface Client {
  readonly name: string;
  readonly family: Family;
  /** What this client itself does not show, and why; with the way behind a space where only one is meant. */
  readonly lacks: Partial<Record<Feature | `${Feature} ${Way}`, string>>;
  readonly whole?: (ask: Ask) => Promise<Answer>;
  /** Throws what ends the stream early. */
  readonly streamed?: (ask: Ask) => Promise<Answer>;
}

export const prompt = "Hi";

/** The one tool that clients offer. */
export const weather = {
  name: "weather",
  description: "Tells the weather.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as const,
};

/** A package of this folder, by its alias; `Module` is the like of it that the root has the types of. */
export async function load<Module>(alias: string): Promise<Module> {
  return (await import(/* @vite-ignore */ alias)) as Module;
}

export function dataUrl(image: { mediaType: string; base64: string }): string {
  return `data:${image.mediaType};base64,${image.base64}`;
}

export function parseArguments(text: string): unknown {
  return JSON.parse(text);
}
