import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import { HttpError } from "truss-ts";

/** The upstream's error as the client's: status, type, code, parameter and when to try again. */
export function toHttpError(error: unknown): unknown {
  // The client has gone, or it is no error of the upstream.
  if (!(error instanceof APIError) || error instanceof APIUserAbortError) return error;
  if (error instanceof APIConnectionTimeoutError)
    return new HttpError(504, "The upstream server did not answer in time", { cause: error });
  if (error instanceof APIConnectionError)
    return new HttpError(502, "The upstream server cannot be reached", { cause: error });
  const retryAfter = error.headers?.get("retry-after");
  return new HttpError(statusOf(error), messageOf(error), {
    ...(typeof error.type === "string" ? { type: error.type } : {}),
    ...(typeof error.code === "string" ? { code: error.code } : {}),
    ...(typeof error.param === "string" ? { param: error.param } : {}),
    ...(typeof retryAfter === "string" ? { headers: { "Retry-After": retryAfter } } : {}),
    cause: error,
  });
}

/** An error inside a stream comes without a status. */
function statusOf(error: APIError): number {
  const status: unknown = error.status;
  return typeof status === "number" && status >= 400 && status <= 599 ? status : 502;
}

/** Without the status that the SDK puts before it. */
function messageOf(error: APIError): string {
  const body: unknown = error.error;
  if (typeof body === "object" && body !== null && "message" in body && typeof body.message === "string")
    return body.message;
  return error.message;
}
