import { type HttpError, isHttpError } from "../errors.ts";
import type { Family } from "../model/endpoints.ts";

/** An error as a client may see it. */
export interface PublicError {
  readonly status: number;
  readonly message: string;
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly headers?: Record<string, string>;
}

/** What a client is told of an error that nobody meant for it. Same words as Truss. */
export const hiddenMessage = "Internal Server Error (in model/chainlet).";

/** What a client may see of an error: all of an `HttpError`, nothing of any other. Never throws. */
export function toPublicError(error: unknown): PublicError {
  try {
    if (isHttpError(error)) return fieldsOf(error);
  } catch {
    // Thrown by the error itself: a getter, or a message that cannot become text.
  }
  return { status: 500, message: hiddenMessage };
}

function fieldsOf(error: HttpError): PublicError {
  const headers = textValues(error.headers);
  return {
    status: isErrorStatus(error.status) ? error.status : 500,
    message: String(error.message),
    ...(typeof error.type === "string" ? { type: error.type } : {}),
    ...(typeof error.code === "string" ? { code: error.code } : {}),
    ...(typeof error.param === "string" ? { param: error.param } : {}),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** The JSON body of an error in the shape that the family's SDKs parse. */
export function errorBody(family: Family, error: PublicError, requestId: string): object {
  switch (family) {
    case "openai":
      return { error: openaiError(error) };
    case "anthropic":
      return {
        type: "error",
        error: { type: error.type ?? anthropicErrorType(error.status), message: error.message },
        request_id: requestId,
      };
    case "json":
    case "websocket":
      return { error: error.message };
  }
}

/** OpenAI's error object. All four fields are required there; `param` and `code` may be null. */
export function openaiError(error: PublicError): {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
} {
  return {
    message: error.message,
    type: error.type ?? openaiErrorType(error.status),
    param: error.param ?? null,
    code: error.code ?? openaiErrorCodes[error.status] ?? null,
  };
}

const openaiErrorTypes: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
};

const openaiErrorCodes: Readonly<Record<number, string>> = { 429: "rate_limit_exceeded" };

function openaiErrorType(status: number): string {
  return openaiErrorTypes[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
}

const anthropicErrorTypes: Readonly<Record<number, string>> = {
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

function anthropicErrorType(status: number): string {
  return anthropicErrorTypes[status] ?? (status >= 500 ? "api_error" : "invalid_request_error");
}

function isErrorStatus(status: unknown): status is number {
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599;
}

const legalName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const legalValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers of the connection, its framing and its coding: they are the server's alone, whoever wrote them. */
const serverHeaders = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "date",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Whether an author's header may be sent. Closing the connection is the one wish for it that is granted. */
function isSendable(name: string, value: string): boolean {
  if (!legalName.test(name) || !legalValue.test(value)) return false;
  const lower = name.toLowerCase();
  if (lower === "connection") return value.toLowerCase() === "close";
  return !serverHeaders.has(lower) && !lower.startsWith("proxy-");
}

function textValues(headers: unknown): Record<string, string> | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const pairs = Object.entries(headers)
    .filter(([, value]) => typeof value === "string" || typeof value === "number")
    .map(([name, value]) => [name, String(value)] as const);
  return Object.fromEntries(pairs.filter(([name, value]) => isSendable(name, value)));
}
