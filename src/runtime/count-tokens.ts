import { HttpError, isHttpError } from "../errors.ts";
import { toPublicError } from "../wire/errors.ts";
import { estimateTokens, promptLength } from "../wire/estimate.ts";
import { messagesFrom } from "../wire/messages-from.ts";
import type { AppBindings, AppOptions } from "./app.ts";
import { type TimeOver, answerInTime, createDeadline } from "./deadline.ts";
import { ClientGone, defaultMaxBodyBytes, parseInput, readBody } from "./input.ts";
import { createModelRequest } from "./model-request.ts";
import { errorResponse, isResponse, jsonResponse, ownResponse } from "./reply.ts";
import { runInScope } from "./request-scope.ts";
import { presentable } from "./stacks.ts";

export const countTokensPath = "/v1/messages/count_tokens";

/** Says that nobody has counted: the number is the server's own estimate. */
export const estimateHeader = "x-truss-ts-estimate";

/**
 * Answers `POST /v1/messages/count_tokens`: by the class's `count_tokens`, else by an estimate. It takes no slot, since
 * clients ask dozens of times at once, also while the model is busy.
 */
export function createTokenCounter(options: AppOptions) {
  return (request: Request, bindings: AppBindings, requestId: string): Promise<Response> =>
    runInScope({ requestId }, async () => {
      const deadline = createDeadline(request, { requestTimeoutMs: options.requestTimeoutMs });
      const counting = count(options, request, bindings, requestId, deadline.signal).catch((thrown: unknown) =>
        refuse(options, deadline.passed === undefined ? presentable(thrown) : new ClientGone(), requestId),
      );
      const late = ({ message }: TimeOver) => errorResponse("anthropic", { status: 504, message }, requestId, "600");
      return answerInTime(deadline, bindings.outgoing, counting, late).finally(deadline.stop);
    });
}

async function count(
  { host, maxBodyBytes }: AppOptions,
  request: Request,
  { incoming }: AppBindings,
  requestId: string,
  signal: () => AbortSignal,
): Promise<Response> {
  const method = host.method("count_tokens");
  if (method === undefined && host.method("messages") === undefined) {
    const hint = "write `messages(input, request)` or `count_tokens(input, request)` on the Model class";
    throw new HttpError(404, `This model counts no tokens: ${hint} to serve POST ${countTokensPath}.`);
  }
  const body = await readBody(request, incoming, maxBodyBytes ?? defaultMaxBodyBytes);
  const { value: input } = await parseInput(body, request.headers.get("content-type"), true);
  // What the real API refuses is refused here as well, whoever counts.
  const form = messagesFrom(input as object, "messages");
  if (method === undefined) {
    const response = jsonResponse({ input_tokens: estimate(form.raw) }, requestId);
    response.headers.set(estimateHeader, "true");
    return response;
  }
  const { headers, url } = request;
  const parts = { method: request.method, url, headers, body, signal };
  const counted = await method(input, createModelRequest(parts, host.arity("count_tokens") > 1));
  if (isResponse(counted)) return ownResponse(counted, requestId, () => counted.body);
  return jsonResponse({ input_tokens: tokensOf(counted) }, requestId);
}

/** Clients divide by it and compare it with limits: it is never 0. */
function estimate(body: { system?: unknown; messages?: unknown; tools?: unknown }): number {
  return Math.max(1, estimateTokens(promptLength([body.system, body.messages, body.tools])));
}

/** A number, or the API's own `{ input_tokens }`. */
function tokensOf(counted: unknown): number {
  const own = typeof counted === "object" && counted !== null ? Reflect.get(counted, "input_tokens") : counted;
  if (typeof own === "number" && Number.isInteger(own) && own >= 0) return own;
  throw new TypeError("count_tokens must return a whole number of tokens, or { input_tokens }");
}

function refuse({ onModelError }: AppOptions, error: unknown, requestId: string): Response {
  if (error instanceof ClientGone) {
    return errorResponse("anthropic", { status: 499, message: "Client closed the request" }, requestId, "600");
  }
  if (!isHttpError(error)) onModelError?.(error, requestId);
  return errorResponse("anthropic", toPublicError(error), requestId, isHttpError(error) ? "700" : "600");
}
