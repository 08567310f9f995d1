/** The wire families: they decide framing and the shape of errors. */
export type Family = "json" | "openai" | "anthropic" | "websocket";

/** The four stream framings a family's endpoints use. */
export type Framing = "predict" | "openai-chunks" | "openai-responses" | "anthropic-messages" | "none";

export interface Endpoint {
  /** The method on the Model class. */
  readonly method: EndpointMethod;
  /** The route it answers, `POST` except for `websocket`. */
  readonly path: string;
  readonly verb: "POST" | "GET";
  readonly family: Family;
  readonly framing: Framing;
  readonly title: string;
}

const table = [
  { method: "predict", path: "/predict", verb: "POST", family: "json", framing: "predict", title: "Predict" },
  {
    method: "chat_completions",
    path: "/v1/chat/completions",
    verb: "POST",
    family: "openai",
    framing: "openai-chunks",
    title: "Chat completions",
  },
  {
    method: "completions",
    path: "/v1/completions",
    verb: "POST",
    family: "openai",
    framing: "openai-chunks",
    title: "Completions",
  },
  {
    method: "embeddings",
    path: "/v1/embeddings",
    verb: "POST",
    family: "openai",
    framing: "openai-chunks",
    title: "Embeddings",
  },
  {
    method: "responses",
    path: "/v1/responses",
    verb: "POST",
    family: "openai",
    framing: "openai-responses",
    title: "Responses",
  },
  {
    method: "messages",
    path: "/v1/messages",
    verb: "POST",
    family: "anthropic",
    framing: "anthropic-messages",
    title: "Messages",
  },
  { method: "websocket", path: "/v1/websocket", verb: "GET", family: "websocket", framing: "none", title: "WebSocket" },
] as const;

export type EndpointMethod = (typeof table)[number]["method"];

/**
 * THE table: routes, detection, `check`, the OpenAPI document, the tests and the README's table are derived from it.
 * A new endpoint is one new row.
 */
export const endpoints: readonly Endpoint[] = table;

/** Every method name that makes an endpoint, in the table's order. */
export const endpointMethods: readonly EndpointMethod[] = endpoints.map((endpoint) => endpoint.method);

/** The family that a path belongs to, whether it exists or not. */
export function familyOf(path: string): Family {
  const row = endpoints.find((endpoint) => path === endpoint.path || path.startsWith(`${endpoint.path}/`));
  return row?.family ?? (path.startsWith("/v1/") ? "openai" : "json");
}
