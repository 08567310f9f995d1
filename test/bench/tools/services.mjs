// The same small service, three times: `{"prompt":"Ada"}` gives `{"output":"Hello, Ada!"}`, anything else a 400.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { linkPackages, packageFolder } from "./truss-package.mjs";
import { makeFolder } from "./workshop.mjs";

export const question = JSON.stringify({ prompt: "Ada" });

/** Throws unless this is the answer that all of them should give. */
export function checkAnswer(name, body) {
  if (JSON.parse(body).output !== "Hello, Ada!") throw new Error(`${name} answered ${body}`);
}

/** A project of truss-ts; gives its folder. */
export function writeTrussProject(truss) {
  const folder = writeFiles("truss-project", {
    "package.json": `{"name":"bench","private":true,"type":"module","dependencies":{"truss-ts":"*"}}\n`,
    "config.yaml": "model_name: bench\n",
    "model/model.ts": `import { HttpError } from "truss-ts";

export class Model {
  async predict(input: { prompt?: unknown }): Promise<{ output: string }> {
    if (typeof input?.prompt !== "string") throw new HttpError(400, "Give a prompt, as a string");
    return { output: \`Hello, \${input.prompt}!\` };
  }
}
`,
  });
  linkPackages(folder, { "truss-ts": truss.folder });
  return folder;
}

/** A bare Hono server on @hono/node-server, as TypeScript (`server.ts`) and as it is after a build (`server.mjs`). */
export function writeHonoProject() {
  const server = (type) => `import { serve } from "@hono/node-server";
import { Hono } from "hono";

const app = new Hono();
app.post("/predict", async (context) => {
  const input = await context.req.json${type}();
  if (typeof input?.prompt !== "string") return context.json({ error: "Give a prompt, as a string" }, 400);
  return context.json({ output: \`Hello, \${input.prompt}!\` });
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
`;
  const folder = writeFiles("hono-project", {
    "package.json": `{"name":"bench-hono","private":true,"type":"module"}\n`,
    "server.ts": server("<{ prompt?: unknown }>"),
    "server.mjs": server(""),
  });
  const used = ["hono", "@hono/node-server"];
  linkPackages(folder, Object.fromEntries(used.map((name) => [name, packageFolder(name)])));
  return folder;
}

/**
 * What the image builder of the Python truss adds to its server: the model, and a config with every key the server
 * reads. `predict` is a coroutine, which spares that server a thread for each request.
 */
export const pythonFiles = {
  "model/__init__.py": "",
  "model/model.py": `from fastapi import HTTPException


class Model:
    async def predict(self, model_input):
        if not isinstance(model_input.get("prompt"), str):
            raise HTTPException(status_code=400, detail="Give a prompt, as a string")
        return {"output": f"Hello, {model_input['prompt']}!"}
`,
  "config.yaml": `model_name: bench
model_module_dir: model
model_class_filename: model.py
model_class_name: Model
requirements: []
secrets: {}
runtime:
  predict_concurrency: 32
`,
  // The server listens on every address; a bench has no business there.
  "loopback.py": `import runpy

import uvicorn

Config = uvicorn.Config
uvicorn.Config = lambda *args, **kwargs: Config(*args, **{**kwargs, "host": "127.0.0.1"})
runpy.run_path("main.py", run_name="__main__")
`,
};

export function writeFiles(name, files) {
  const folder = makeFolder(name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
