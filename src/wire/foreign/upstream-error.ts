import { HttpError, isHttpError } from "../../errors.ts";
import { type Fields, fieldsOf, isFields, textOf } from "./fields.ts";

/** Whose error types a client understands. */
export type ErrorFamily = "openai" | "anthropic";

/** What an upstream said inside its answer went wrong. An Error in there is thrown as it is. */
export function upstreamFailure(said: unknown): unknown {
  return said instanceof Error ? said : new UpstreamFailure(said);
}

class UpstreamFailure extends Error {
  readonly said: unknown;
  constructor(said: unknown) {
    super("the upstream failed");
    this.said = said;
  }
}

/** The upstream's stream has ended, and has not said why. */
export function brokenOff(): HttpError {
  return new HttpError(502, "The upstream's answer broke off");
}

/** The upstream's answer was given up on this side: by its client, or by a time limit of the author. */
export function aborted(): HttpError {
  const message = "The upstream's answer was aborted";
  return new HttpError(502, message, { cause: new DOMException(message, "AbortError") });
}

/**
 * What an SDK threw about its upstream, as an error of ours: with the upstream's status, message and time to wait, and
 * with its type and code where the client's family is the same. Anything else comes back as it is. Told by shape,
 * since every project has its own copies of the SDKs.
 */
export function fromUpstream(error: unknown, family: ErrorFamily): unknown {
  if (!(error instanceof Error) || isHttpError(error)) return error;
  const { lastError, cause } = error as { lastError?: unknown; cause?: unknown };
  // The AI SDK's, after its last try.
  if (lastError instanceof Error) return fromUpstream(lastError, family);
  if (cause instanceof UpstreamFailure) return fromUpstream(cause, family);
  const failure = describe(error);
  return failure === undefined ? error : toHttpError(failure, family, error);
}

/** A failure as the upstream tells it; `said` is `undefined` where it said nothing. */
interface Failure {
  readonly status: unknown;
  readonly said: unknown;
  readonly headers: unknown;
  readonly message: string;
}

function describe(error: Error): Failure | undefined {
  const { message } = error;
  if (error instanceof UpstreamFailure) return { status: undefined, said: error.said, headers: undefined, message: "" };
  const fields = error as unknown as Fields;
  if ("status" in error && "headers" in error && "error" in error) {
    const { status, headers, error: said } = fields;
    if (status === undefined && said === undefined) return unreachable(message);
    return { status, said, headers, message };
  }
  if ("url" in error && "responseHeaders" in error && "isRetryable" in error) {
    const { statusCode, responseHeaders, responseBody, data } = fields;
    if (statusCode === undefined) return unreachable(message);
    return { status: statusCode, said: data ?? tryParse(responseBody), headers: responseHeaders, message };
  }
  return undefined;
}

/** No answer came at all. Who gave up the request itself waits for no error. */
function unreachable(message: string): Failure | undefined {
  if (/aborted/i.test(message)) return undefined;
  const late = /timed? ?out/i.test(message);
  return {
    status: late ? 504 : 502,
    said: { message: late ? "The upstream did not answer in time" : "The upstream cannot be reached" },
    headers: undefined,
    message,
  };
}

function toHttpError(failure: Failure, family: ErrorFamily, cause: Error): HttpError {
  const { said, from } = unwrap(failure.said);
  const type = textOf(said["type"]);
  const code = textOf(said["code"]);
  const status = toStatus(failure.status, type, code);
  const headers = retryHeaders(failure.headers);
  const same = from === family;
  const message = textOf(said["message"]) || textOf(failure.said) || failure.message;
  return new HttpError(status, status === 401 ? refused : message || "The upstream failed", {
    ...(same && type !== "" && type !== "error" ? { type } : {}),
    ...(same && family === "openai" && code !== "" ? { code } : {}),
    ...(same && family === "openai" && typeof said["param"] === "string" ? { param: said["param"] } : {}),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    cause,
  });
}

/** Providers quote the key that they refuse, and it is not the client's. */
const refused = "The upstream refused this model's credentials";

/** The error object itself, and whose it is: Anthropic's lies in an envelope of type `error`. */
function unwrap(said: unknown): { said: Fields; from: ErrorFamily } {
  const fields = fieldsOf(said);
  if (!isFields(fields["error"])) return { said: fields, from: "openai" };
  return { said: fields["error"], from: fields["type"] === "error" ? "anthropic" : "openai" };
}

function toStatus(status: unknown, type: string, code: string): number {
  if (typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599) return status;
  // Inside a stream an error comes without one.
  return statuses[type] ?? statuses[code] ?? 502;
}

const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  invalid_request: 400,
  invalid_prompt: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  not_found: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  too_many_requests: 429,
  insufficient_quota: 429,
  timeout_error: 504,
  overloaded_error: 529,
};

/** When to try again, and whether at all, is for the upstream to say. */
function retryHeaders(headers: unknown): Record<string, string> {
  const pairs = ["retry-after", "retry-after-ms", "x-should-retry"].map((name) => [name, headerOf(headers, name)]);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

function headerOf(headers: unknown, name: string): unknown {
  return isLikeHeaders(headers) ? headers.get(name) : fieldsOf(headers)[name];
}

/** Clients may bring a `fetch` of their own, and with it a `Headers` of its own. */
function isLikeHeaders(headers: unknown): headers is Pick<Headers, "get"> {
  return isFields(headers) && typeof headers["get"] === "function";
}

function tryParse(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return text;
  }
}
