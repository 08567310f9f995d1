import { createId, unixSeconds } from "../ids.ts";

/**
 * The response object of a `response.failed` event: the last one that the stream showed, or a minimal one where the
 * stream had none yet.
 */
export function failedResponse(last: object | undefined, error: { code: string; message: string }): object {
  const base = last ?? {
    id: createId("resp"),
    object: "response",
    created_at: unixSeconds(),
    model: "",
    output: [],
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
  };
  return { ...base, status: "failed", error };
}
