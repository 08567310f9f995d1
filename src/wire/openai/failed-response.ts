import { createResponseObject } from "./response-object.ts";

/**
 * The response object of a `response.failed` event: the last one that the stream showed, or one that has only just
 * begun where the stream had shown none yet.
 */
export function failedResponse(last: object | undefined, error: { code: string; message: string }): object {
  return { ...(last ?? createResponseObject({ model: "" }, {})), status: "failed", error };
}
