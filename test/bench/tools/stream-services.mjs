// The same chat stream, twice: a request's `max_tokens` pieces of text, framed as chunks of a chat completion.
import { linkPackages, packageFolder } from "./truss-package.mjs";
import { writeFiles } from "./services.mjs";

export const streamPath = "/v1/chat/completions";

export function streamRequest(tokens) {
  return JSON.stringify({
    model: "bench",
    stream: true,
    max_tokens: tokens,
    messages: [{ role: "user", content: "a" }],
  });
}

const generator = `async function* generate(tokens) {
  for (let made = 0; made < tokens; made += 1) yield " token";
}
`;

/** A project of truss-ts whose method is the helper's one line; gives its folder. */
export function writeTrussStream(truss) {
  const folder = writeFiles("truss-stream", {
    "package.json": `{"name":"bench","private":true,"type":"module","dependencies":{"truss-ts":"*"}}\n`,
    "config.yaml": "model_name: bench\n",
    "model/model.js": `import { toChatCompletion } from "truss-ts";

${generator}
export class Model {
  chat_completions(input) {
    return toChatCompletion(input, generate(input.max_tokens));
  }
}
`,
  });
  linkPackages(folder, { "truss-ts": truss.folder });
  return folder;
}

/** A bare Hono handler that knows one family and one kind of part, and looks at nothing. */
export function writeHonoStream() {
  const folder = writeFiles("hono-stream", {
    "package.json": `{"name":"bench-hono","private":true,"type":"module"}\n`,
    "server.mjs": `import { serve } from "@hono/node-server";
import { Hono } from "hono";

${generator}
const encoder = new TextEncoder();
const app = new Hono();
app.post("${streamPath}", async (context) => {
  const input = await context.req.json();
  const head = {
    id: "chatcmpl-" + crypto.randomUUID().replaceAll("-", ""),
    created: Math.floor(Date.now() / 1000),
    model: input.model,
    object: "chat.completion.chunk",
  };
  const frame = (delta, finish_reason = null) =>
    encoder.encode(
      "data: " + JSON.stringify({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }] }) + "\\n\\n",
    );
  const tokens = generate(input.max_tokens);
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(frame({ role: "assistant", content: "" })),
    async pull(controller) {
      const { done, value } = await tokens.next();
      if (!done) return controller.enqueue(frame({ content: value }));
      controller.enqueue(frame({}, "stop"));
      controller.enqueue(encoder.encode("data: [DONE]\\n\\n"));
      controller.close();
    },
    cancel: () => tokens.return(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache" } });
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
`,
  });
  const used = ["hono", "@hono/node-server"];
  linkPackages(folder, Object.fromEntries(used.map((name) => [name, packageFolder(name)])));
  return folder;
}
