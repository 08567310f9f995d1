import type { Recorded } from "./recording.ts";

/** Where what goes over the wire differs from a document, and why. */
export interface Exception {
  readonly family: Recorded["family"];
  /** Fits the line that tells of the difference. */
  readonly line: RegExp;
  readonly reason: string;
}

const streamedCompletion: readonly Exception[] = [
  {
    family: "completions",
    line: /\/finish_reason: must be (string|equal)/,
    reason: "in a stream the reason is known at the end only, and is null before; OpenAI's own server does so",
  },
  {
    family: "completions",
    line: /\/usage: must be object/,
    reason:
      "with stream_options.include_usage each chunk but the last has usage null; the text of the document says so",
  },
];

const freeErrorCode: Exception = {
  family: "responses",
  line: /\/response\/error(\/code)?: must/,
  reason: "the code of a failed response is what the model's author says, where OpenAI has a closed list",
};

const noUsageYet: Exception = {
  family: "responses",
  line: /\/response\/usage: must be object/,
  reason: "Open Responses requires the field, and has it null until the usage is known; OpenAI's own server does so",
};

const noUser: Exception = {
  family: "responses",
  line: /\/user: must be string/,
  reason: "Open Responses requires the field, and has it null where the request has none",
};

/** The types of `openai` 7 and `@anthropic-ai/sdk` 1, in which nothing but what they name is allowed. */
export const exceptionsFromTypes: readonly Exception[] = [
  ...streamedCompletion,
  freeErrorCode,
  noUsageYet,
  noUser,
  {
    family: "chat",
    line: /"reasoning_content"/,
    reason:
      "OpenAI's chat has no place for reasoning; this one is read by the AI SDK, and by vLLM's and llama.cpp's clients",
  },
  {
    family: "responses",
    line: /"missingProperty":"output_text"/,
    reason: "the package makes this field itself",
  },
  {
    family: "responses",
    line: /"additionalProperty":"(store|presence_penalty|frequency_penalty)"/,
    reason: "Open Responses requires these fields",
  },
  {
    family: "responses",
    line: /^ResponseStreamEvent: .*"additionalProperty":"name"/,
    reason: "OpenAI's document requires the name in function_call_arguments.done, the package's types lack it",
  },
  {
    family: "responses",
    line: /^ResponseStreamEvent: .*"additionalProperty":"error"/,
    reason: "some clients heed an error event only with its fields nested, others only with them flat",
  },
  {
    family: "messages",
    line: /"missingProperty":"citations"/,
    reason: "Anthropic's own server leaves them out where there are none; AI SDK 6 refuses null",
  },
];

/** OpenAI's own document. */
export const exceptionsFromOpenai: readonly Exception[] = [...streamedCompletion, freeErrorCode, noUsageYet, noUser];

/** The document of Open Responses. */
export const exceptionsFromOpenResponses: readonly Exception[] = [
  {
    family: "responses",
    line: /^ResponseStreamEvent\/type: must be equal .* saw response\.reasoning_text\.(delta|done)$/,
    reason: "Open Responses calls these events response.reasoning.*; clients read OpenAI's names",
  },
];
