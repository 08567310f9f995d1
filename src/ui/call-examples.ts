import type { EndpointReport } from "../events.ts";

/** An example longer than this, as JSON, is no line to paste. */
const exampleLimit = 300;

/** A line that calls an endpoint, ready to paste into a shell; `predict` with the project's own example, if it has one. */
export function renderCallLine(url: string, { method, path }: EndpointReport, example?: unknown): string {
  if (method === "websocket") return `npx wscat -c ${shellWord(`${url.replace(/^http/, "ws")}${path}`)}`;
  const own = method === "predict" ? ownBody(example) : undefined;
  const body = own ?? JSON.stringify(exampleBody(method));
  const unbuffered = streams(method) ? "-N " : "";
  return `curl ${unbuffered}${shellWord(url + path)} -H 'content-type: application/json' -d ${shellWord(body)}`;
}

/** A small request that every model of the kind understands. */
export function exampleBody(method: string): object {
  const messages = [{ role: "user", content: "Hello" }];
  switch (method) {
    case "chat_completions":
      return { model: "model", messages, stream: true };
    case "completions":
      return { model: "model", prompt: "Once upon a time" };
    case "embeddings":
      return { model: "model", input: "Hello" };
    case "responses":
      return { model: "model", input: "Hello", stream: true };
    case "messages":
      return { model: "model", max_tokens: 256, messages, stream: true };
    default:
      return { prompt: "Hello" };
  }
}

function ownBody(example: unknown): string | undefined {
  if (typeof example !== "object" || example === null || Array.isArray(example)) return undefined;
  const body = JSON.stringify(example);
  return body.length > exampleLimit ? undefined : body;
}

function streams(method: string): boolean {
  return "stream" in exampleBody(method);
}

/** Quoted where a shell would read more into it than text. */
function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
