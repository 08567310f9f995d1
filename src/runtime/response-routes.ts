import { pageOf } from "../wire/models.ts";
import type { AddRoute } from "./app.ts";
import { errorResponse, jsonResponse } from "./reply.ts";
import type { KeptResponse, ResponseStore } from "./response-store.ts";

export const responsePath = "/v1/responses/:id";
export const inputItemsPath = "/v1/responses/:id/input_items";

/** What a client may do with a response that is kept: read it, read what it was made from, delete it. */
export function addResponseRoutes(route: AddRoute, store: ResponseStore | undefined): void {
  const withKept =
    (answer: (kept: KeptResponse, request: Request, requestId: string) => Response) =>
    (request: Request, requestId: string) => {
      const id = idOf(request);
      const kept = store?.get(id);
      return kept === undefined ? nothingKept(store, id, requestId) : answer(kept, request, requestId);
    };

  route(
    "GET",
    responsePath,
    withKept(({ response }, request, requestId) => {
      if (new URL(request.url).searchParams.get("stream") !== "true") return jsonResponse(response, requestId);
      const error = { status: 400, message: "A kept response is not streamed again", param: "stream" };
      return errorResponse("openai", error, requestId, "700");
    }),
  );
  route(
    "GET",
    inputItemsPath,
    withKept(({ input }, request, requestId) => {
      const query = new URL(request.url).searchParams;
      const items = query.get("order") === "asc" ? input : input.toReversed();
      return jsonResponse(pageOf(items, query, 20), requestId);
    }),
  );
  route(
    "DELETE",
    responsePath,
    withKept(({ response }, _request, requestId) => {
      store?.delete(String(response["id"]));
      return jsonResponse({ id: response["id"], object: "response", deleted: true }, requestId);
    }),
  );
}

function idOf(request: Request): string {
  return /\/v1\/responses\/([^/]+)/.exec(new URL(request.url).pathname)?.[1] ?? "";
}

function nothingKept(store: ResponseStore | undefined, id: string, requestId: string): Response {
  const message =
    store === undefined
      ? "This server keeps no responses: model_metadata.truss_ts.stored_responses says how many it should"
      : `There is no response ${id} here`;
  return errorResponse("openai", { status: 404, message }, requestId, "700");
}
