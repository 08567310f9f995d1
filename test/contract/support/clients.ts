import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { Target } from "./target.ts";

/** The official clients, at a target that may have no socket. */
export function openaiFor(target: Target, maxRetries = 0): OpenAI {
  return new OpenAI({ baseURL: `${target.url}/v1`, apiKey: "key", maxRetries, fetch: fetchOf(target) });
}

export function anthropicFor(target: Target, maxRetries = 0): Anthropic {
  return new Anthropic({ baseURL: target.url, apiKey: "key", maxRetries, fetch: fetchOf(target) });
}

function fetchOf({ url, fetch }: Target) {
  return (input: string | URL | Request, init?: RequestInit) =>
    fetch(String(input instanceof Request ? input.url : input).slice(url.length), init);
}

/** What the official clients send with each request: the Anthropic one did it otherwise until its first major. */
export const anthropicHeaders = [
  { "x-api-key": "key", "anthropic-version": "2023-06-01" },
  { authorization: "Bearer key", "anthropic-version": "2026-10-21", "anthropic-beta": "a-2026-01-01,b-2026-02-02" },
] as const;
