import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "../client.ts";
import { type Check, type JsonSchema, createCheck } from "./schemas.ts";

/** The types of the official packages, which their makers generate from their own documents. */
const exported = `
import type { Response } from "openai-7/resources/responses/responses";
import type { ErrorObject } from "openai-7/resources/shared";
import type { RawMessageStreamEvent } from "@anthropic-ai/sdk-1/resources/messages/messages";
import type { ErrorResponse } from "@anthropic-ai/sdk-1/resources/shared";

export type { ChatCompletion, ChatCompletionChunk } from "openai-7/resources/chat/completions/completions";
export type { Completion } from "openai-7/resources/completions";
export type { CreateEmbeddingResponse } from "openai-7/resources/embeddings";
export type { ResponseStreamEvent } from "openai-7/resources/responses/responses";
export type { Message, MessageTokensCount } from "@anthropic-ai/sdk-1/resources/messages/messages";
export type WireResponse = Response;
export type OpenAIErrorBody = { error: ErrorObject };
export type AnthropicErrorBody = ErrorResponse;
export type AnthropicEvent = RawMessageStreamEvent | ErrorResponse | { type: "ping" };
`;

interface Generator {
  createGenerator(config: object): {
    createSchema(type: string): JsonSchema & { readonly definitions: Record<string, JsonSchema> };
  };
}

/** The types as schemas in which nothing but what they name is allowed. */
export async function checkByTypes(): Promise<Check> {
  const folder = fileURLToPath(new URL("../node_modules/.cache", import.meta.url));
  const path = join(folder, "wire-types.ts");
  const tsconfig = join(folder, "tsconfig.json");
  await mkdir(folder, { recursive: true });
  await writeFile(path, exported);
  const compilerOptions = { module: "NodeNext", strict: true, skipLibCheck: true, types: [], noEmit: true };
  await writeFile(tsconfig, JSON.stringify({ compilerOptions, files: [path] }));
  const { createGenerator } = await load<Generator>("ts-json-schema-generator");
  const generator = createGenerator({
    path,
    tsconfig,
    type: "*",
    skipTypeCheck: true,
    additionalProperties: false,
    expose: "all",
    topRef: true,
  });
  const checks = new Map<string, Check>();
  return (name, value) => {
    // Both packages have types of the same name, so each type gets the definitions that it needs and no others.
    const check = checks.get(name) ?? createCheck("#/definitions/", generator.createSchema(name).definitions);
    checks.set(name, check);
    return check(name, value);
  };
}
