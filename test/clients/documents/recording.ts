import { createParser } from "eventsource-parser";
import type { RunningModel } from "../../contract/clients/start.ts";
import type { Family } from "../client.ts";

/** What went over the wire: whole bodies, and the events of streams. */
export interface Recorded {
  readonly family: Family | "embeddings" | "models" | "model" | "count_tokens";
  readonly scenario: string;
  readonly kind: "body" | "event" | "error";
  readonly value: unknown;
}

/** Names of the fixture's scenarios. */
const scenarios = `text slow empty reasoning refusal usage-grows usage-details stop length content_filter stop_sequence
  tool_calls tools tools-whole tools-at-once broken overrun broken-call crash status-400 status-404 status-429
  status-503`.split(/\s+/);

const user = { role: "user", content: "Hi" };

const routes: Readonly<Record<Family | "embeddings", { path: string; body: object; ways: readonly object[] }>> = {
  chat: {
    path: "/v1/chat/completions",
    body: { messages: [user] },
    ways: [{}, { stream: true }, { stream: true, stream_options: { include_usage: true } }],
  },
  completions: {
    path: "/v1/completions",
    body: { prompt: "Hi" },
    ways: [{}, { stream: true }, { stream: true, stream_options: { include_usage: true } }],
  },
  responses: {
    path: "/v1/responses",
    body: { input: "Hi", tools: [{ type: "function", name: "weather", strict: false, parameters: {} }] },
    ways: [{}, { stream: true }],
  },
  messages: {
    path: "/v1/messages",
    body: { max_tokens: 64, messages: [user] },
    ways: [{}, { stream: true }],
  },
  embeddings: {
    path: "/v1/embeddings",
    body: { input: ["Hi", "there"] },
    ways: [{}, { encoding_format: "float" }],
  },
};

/** Every scenario through every endpoint, in each way that a request can ask for. */
export async function record(model: RunningModel): Promise<Recorded[]> {
  const all: Recorded[] = [];
  for (const [family, { path, body, ways }] of Object.entries(routes)) {
    for (const scenario of scenarios) {
      for (const way of ways) {
        const answer = await ask(model.url + path, { model: scenario, ...body, ...way });
        all.push(...answer.map((item) => ({ family: family as Recorded["family"], scenario, ...item })));
      }
    }
  }
  const beside = [
    { family: "models", path: "/v1/models" },
    { family: "model", path: "/v1/models/matrix" },
    { family: "count_tokens", path: "/v1/messages/count_tokens", body: { model: "matrix", messages: [user] } },
  ] as const;
  for (const { family, path, ...rest } of beside) {
    const [answer] = await ask(model.url + path, "body" in rest ? rest.body : undefined);
    all.push({ family, scenario: path, ...(answer ?? { kind: "body", value: undefined }) });
  }
  return all;
}

async function ask(url: string, body?: object): Promise<Pick<Recorded, "kind" | "value">[]> {
  const headers = { "content-type": "application/json", authorization: "Bearer key" };
  const posted = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url, { headers, ...posted });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    return [{ kind: response.ok ? "body" : "error", value: await response.json() }];
  }
  const events: Pick<Recorded, "kind" | "value">[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data !== "[DONE]") events.push({ kind: "event", value: JSON.parse(data) as unknown });
    },
  });
  try {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(chunk);
  } catch {
    // After an error in the stream the connection is cut.
  }
  return events;
}
