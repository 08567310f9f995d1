import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { Target } from "./target.ts";

/** Posts JSON, in the way of the first client that comes to mind. */
export function post(target: Target, path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = { "content-type": "application/json", ...(init.headers as Record<string, string> | undefined) };
  return target.fetch(path, { method: "POST", ...init, body: JSON.stringify(body), headers });
}

export function predict(target: Target, body: unknown, init: RequestInit = {}): Promise<Response> {
  return post(target, "/predict", body, init);
}

/** Speaks to the model beside its slots: `preprocess` answers by an error that carries JSON. */
async function control(target: Target, body: Record<string, unknown>): Promise<unknown> {
  const response = await predict(target, body);
  expect(response.status).toBe(409);
  return JSON.parse(((await response.json()) as { error: string }).error);
}

/** Waits until the model has noted this. */
export async function noted(target: Target, key: string): Promise<void> {
  await control(target, { control: "wait", key });
}

/** Makes a note, for which something in the model may wait. */
export async function note(target: Target, key: string): Promise<void> {
  await control(target, { control: "note", key });
}

export async function listNotes(target: Target): Promise<string[]> {
  return (await control(target, { control: "list" })) as string[];
}

/** A number that the model keeps. */
export async function readNumber(target: Target, key: string): Promise<number> {
  return (await control(target, { control: "number", key })) as number;
}

export async function setHealth(target: Target, value: unknown): Promise<void> {
  await control(target, { control: "health", value });
}

export interface ErrorShape {
  readonly json: (message: unknown) => unknown;
  readonly openai: (message: unknown) => unknown;
  readonly anthropic: (message: unknown) => unknown;
}

/** The body of an error in each family's shape. */
export const errorShapes: ErrorShape = {
  json: (message) => ({ error: message }),
  openai: (message) => ({
    error: {
      message,
      type: expect.any(String),
      param: null,
      code: expect.toSatisfy((code) => code === null || typeof code === "string"),
    },
  }),
  anthropic: (message) => ({
    type: "error",
    error: { type: expect.any(String), message },
    request_id: expect.any(String),
  }),
};

export const hidden = "Internal Server Error (in model/chainlet).";
export const notReady = "Model with name model is not ready.";

/** The platform's headers on an error: where it came from, and whose fault it was. */
export function faultOf(response: Response): string | null {
  expect(response.headers.get("x-baseten-error-source")).toBe("04");
  return response.headers.get("x-baseten-error-code");
}

/** Reads a body to its end or its break. */
export async function readAll(response: Response): Promise<{ text: string; broken: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
    return { text, broken: false };
  } catch {
    return { text, broken: true };
  }
}

/** Reads a stream chunk by chunk. */
export function chunksOf(response: Response): { next(): Promise<string | undefined>; leave(): void } {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  return {
    async next() {
      const step = await reader?.read();
      return step === undefined || step.done ? undefined : decoder.decode(step.value as Uint8Array, { stream: true });
    },
    leave: () => void reader?.cancel().catch(() => undefined),
  };
}

/** The endpoints and the families whose error shapes they speak. */
export const families = [
  ["/predict", "json"],
  ["/v1/chat/completions", "openai"],
  ["/v1/completions", "openai"],
  ["/v1/embeddings", "openai"],
  ["/v1/responses", "openai"],
  ["/v1/messages", "anthropic"],
] as const;

/** Waits for a file, by which a model tells what it can tell by no answer. */
export async function appears(file: string): Promise<void> {
  await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
}

/** For a client whose own silence is what is tested. Nothing is expected to have happened by then. */
export async function pause(ms: number): Promise<void> {
  await delay(ms);
}
