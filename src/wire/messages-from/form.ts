import type { ReasoningPart, RefusalPart, TextPart, ToolCallPart } from "../generation.ts";

/** The request formats that `messagesFrom` reads, by the names of their endpoint methods. */
export type RequestFamily = "chat_completions" | "completions" | "responses" | "messages";

/** A request of any family, in one form. What the client left out, or set to null, is `undefined`. */
export interface RequestForm<Raw = unknown> {
  readonly family: RequestFamily;
  readonly model: string | undefined;
  /** The system prompt: its parts are joined by an empty line. Empty where there is none. */
  readonly system: string;
  readonly messages: readonly Turn[];
  /** The tools with a name and a JSON schema: those that the client runs. */
  readonly tools: readonly ToolDefinition[];
  /** All other tools, as they came: web search, shells, tools that take free text. A model may ignore them. */
  readonly builtin_tools: readonly Fields[];
  readonly tool_choice: ToolChoice | undefined;
  readonly parallel_tool_calls: boolean | undefined;
  /** Most tokens of the answer. */
  readonly max_tokens: number | undefined;
  /** Texts that end the answer. */
  readonly stop: readonly string[];
  readonly temperature: number | undefined;
  readonly top_p: number | undefined;
  readonly top_k: number | undefined;
  readonly seed: number | undefined;
  readonly presence_penalty: number | undefined;
  readonly frequency_penalty: number | undefined;
  /** `undefined` asks for plain text. */
  readonly response_format: ResponseFormat | undefined;
  readonly reasoning: ReasoningWish | undefined;
  readonly stream: boolean;
  /** Who the client says its user is. */
  readonly user: string | undefined;
  readonly metadata: Fields;
  readonly previous_response_id: string | undefined;
  /** The request itself, with whatever this form leaves out. */
  readonly raw: Raw;
}

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

export type Turn = SystemTurn | UserTurn | AssistantTurn | ToolTurn;

/** An instruction in the middle of the conversation; those at its beginning are the form's `system`. */
export interface SystemTurn {
  readonly role: "system";
  readonly content: readonly TextPart[];
}

export interface UserTurn {
  readonly role: "user";
  readonly content: readonly UserPart[];
}

export interface AssistantTurn {
  readonly role: "assistant";
  readonly content: readonly AssistantPart[];
}

/** The result of one tool call. */
export interface ToolTurn {
  readonly role: "tool";
  /** The `id` of the call. */
  readonly tool_call_id: string;
  readonly content: readonly UserPart[];
  /** The tool failed. Only messages say so; elsewhere it is in the text. */
  readonly is_error: boolean;
}

export type UserPart = TextPart | ImagePart | FilePart | AudioPart | OtherPart;
export type AssistantPart = TextPart | RefusalPart | PastReasoning | ToolCallPart | OtherPart;

/** Data by its address, in the request itself, or uploaded earlier. */
export type MediaSource =
  | { readonly type: "url"; readonly url: string }
  | { readonly type: "base64"; readonly media_type: string; readonly data: string }
  | { readonly type: "file_id"; readonly file_id: string };

export interface ImagePart {
  readonly type: "image";
  readonly source: MediaSource;
  /** OpenAI's `low`, `high` or `auto`. */
  readonly detail?: string;
}

/** A document, such as a PDF. */
export interface FilePart {
  readonly type: "file";
  readonly source: MediaSource | { readonly type: "text"; readonly text: string };
  readonly filename?: string;
}

export interface AudioPart {
  readonly type: "audio";
  /** `wav` or `mp3`. */
  readonly format: string;
  /** Base64. */
  readonly data: string;
}

/** What an earlier answer thought; its `signature` is opaque, and is passed on as it came. */
export interface PastReasoning extends ReasoningPart {
  /** Thoughts that only their maker can read; `text` is empty then. */
  readonly redacted?: string;
}

/** A block or an item that only its own family knows, as it came. */
export interface OtherPart {
  readonly type: "other";
  readonly raw: Fields;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly schema: Fields;
  /** The arguments must match the schema exactly. */
  readonly strict?: boolean;
}

/** `required`: some tool, whichever. */
export type ToolChoice = "auto" | "none" | "required" | { readonly name: string };

export type ResponseFormat =
  | { readonly type: "json" }
  | { readonly type: "json_schema"; readonly schema: Fields; readonly name?: string; readonly strict?: boolean };

export interface ReasoningWish {
  /** False where the client wants none. */
  readonly enabled: boolean;
  /** Such as `low`, `medium`, `high`. */
  readonly effort?: string;
  /** Most tokens to think. */
  readonly budget_tokens?: number;
}
