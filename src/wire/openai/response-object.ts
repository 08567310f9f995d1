import type { Response, ResponseUsage } from "openai/resources/responses/responses";
import type { FinishReason, UsagePart } from "../generation.ts";
import { createId, unixSeconds } from "../ids.ts";
import { type HelperInput, type HelperOptions, modelName } from "../input.ts";
import { isKept } from "./kept.ts";
import type { ResponseRequest } from "../requests.ts";

/** What {@link toResponse} reads of a request, and repeats in its answer. */
export type ResponseInput = ResponseFields | ResponseRequest;

interface ResponseFields extends HelperInput {
  readonly background?: boolean | null;
  readonly conversation?: unknown;
  readonly frequency_penalty?: number | null;
  readonly include?: readonly string[] | null;
  readonly instructions?: string | null;
  readonly max_output_tokens?: number | null;
  readonly max_tool_calls?: number | null;
  readonly metadata?: unknown;
  readonly parallel_tool_calls?: boolean | null;
  readonly presence_penalty?: number | null;
  readonly previous_response_id?: string | null;
  readonly prompt_cache_key?: string | null;
  readonly reasoning?: unknown;
  readonly safety_identifier?: string | null;
  readonly store?: boolean | null;
  readonly temperature?: number | null;
  readonly text?: unknown;
  readonly tool_choice?: unknown;
  readonly tools?: unknown;
  readonly top_logprobs?: number | null;
  readonly top_p?: number | null;
  readonly truncation?: "auto" | "disabled" | null;
  readonly user?: string | null;
}

/** OpenAI's object, and the fields that Open Responses requires beyond it. Without the SDK's own `output_text`. */
export type WireResponse = Omit<Response, "output_text" | "user"> & {
  user: string | null;
  store: boolean;
  presence_penalty: number;
  frequency_penalty: number;
  max_tool_calls: number | null;
};

/** What a client wants of an answer beyond what it always gets. */
export interface ResponseWishes {
  /** The seals of reasoning, which it sends back with its next request. */
  readonly encrypted: boolean;
  /** How many of the likeliest tokens at each place; `undefined`: no logprobs. */
  readonly logprobs: number | undefined;
}

export function wishesOf(input: ResponseFields): ResponseWishes {
  const include: readonly unknown[] = Array.isArray(input.include) ? input.include : [];
  const logprobs = include.includes("message.output_text.logprobs");
  return {
    encrypted: include.includes("reasoning.encrypted_content"),
    logprobs: logprobs ? (input.top_logprobs ?? 0) : undefined,
  };
}

/** A response that has just begun: every field that either specification requires, as asked or by default. */
export function createResponseObject(input: ResponseFields, options: HelperOptions): WireResponse {
  const fields = {
    id: createId("resp"),
    object: "response",
    access_programs: null,
    created_at: unixSeconds(),
    completed_at: null,
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: input.instructions ?? null,
    max_output_tokens: input.max_output_tokens ?? null,
    max_tool_calls: input.max_tool_calls ?? null,
    model: modelName(input, options),
    output: [],
    parallel_tool_calls: input.parallel_tool_calls ?? true,
    previous_response_id: input.previous_response_id ?? null,
    prompt_cache_key: input.prompt_cache_key ?? null,
    reasoning: { effort: null, summary: null, ...objectOf(input.reasoning) },
    safety_identifier: input.safety_identifier ?? null,
    service_tier: "default",
    store: isKept(input) && input.store !== false,
    temperature: input.temperature ?? 1,
    text: { format: { type: "text" }, ...objectOf(input.text) },
    tool_choice: input.tool_choice ?? "auto",
    tools: Array.isArray(input.tools) ? input.tools.map(toTool) : [],
    top_logprobs: input.top_logprobs ?? 0,
    top_p: input.top_p ?? 1,
    presence_penalty: input.presence_penalty ?? 0,
    frequency_penalty: input.frequency_penalty ?? 0,
    truncation: input.truncation ?? "disabled",
    usage: null,
    user: input.user ?? null,
    metadata: objectOf(input.metadata),
  };
  // The request's own values are repeated as they came: their shape is the client's word.
  return fields as unknown as WireResponse;
}

/** How a response ends: `completed`, or `incomplete` with the reason. */
export function responseEnd(finish: FinishReason): Pick<WireResponse, "status" | "incomplete_details"> {
  if (finish === "length") return { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
  if (finish === "content_filter") return { status: "incomplete", incomplete_details: { reason: "content_filter" } };
  return { status: "completed", incomplete_details: null };
}

export function toResponseUsage(usage: UsagePart): ResponseUsage {
  return {
    input_tokens: usage.input_tokens,
    input_tokens_details: { cached_tokens: usage.cached_input_tokens ?? 0, cache_write_tokens: 0 },
    output_tokens: usage.output_tokens,
    output_tokens_details: { reasoning_tokens: usage.reasoning_tokens ?? 0 },
    total_tokens: usage.input_tokens + usage.output_tokens,
  };
}

/** A function tool in a response has all its fields; requests may leave out some. */
function toTool(tool: unknown): unknown {
  const fields = objectOf(tool);
  if (fields["type"] !== "function") return tool;
  return { description: null, parameters: null, strict: null, ...fields };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
