// npm run demo: from a fresh clone to a model that answers. Installs, builds, scaffolds the default template outside
// of this folder, serves it, shows a streamed answer, and goes on serving until Ctrl-C.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { prepare, root, run } from "./prepare.mjs";

prepare();
const folder = mkdtempSync(join(tmpdir(), "truss-ts-demo-"));
const project = join(folder, "my-model");
const cli = join(root, "bin", "truss-ts.js");

console.log("\n$ truss-ts init my-model --yes");
run(process.execPath, [cli, "init", project, "--yes", "--no-git"]);

console.log("\n$ truss-ts dev");
const port = process.env["PORT"] ?? "8080";
// A group of its own: a Ctrl-C reaches this script only, which passes it on once.
const server = spawn(process.execPath, [cli, "dev", project, "--port", port, "--json"], {
  stdio: ["ignore", "pipe", "inherit"],
  detached: true,
});
let signals = 0;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    signals += 1;
    server.kill(signals === 1 ? "SIGTERM" : "SIGINT");
  });
}
server.on("exit", (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(signals > 0 ? 0 : (code ?? 1));
});

for await (const line of createInterface({ input: server.stdout })) {
  const event = JSON.parse(line);
  if (event.event === "ready") converse(event.url).catch(giveUp);
  else if (event.event === "request") console.log(`${event.method} ${event.path} ${event.status} ${event.ms} ms`);
  else if (event.event === "reloaded") console.log(`reloaded ${event.changed.join(", ")} in ${event.ms} ms`);
  else if (event.event === "reload_failed") console.log(`${event.code}: ${event.message}`);
}

function giveUp(error) {
  console.error(error);
  server.removeAllListeners("exit").on("exit", () => process.exit(1));
  server.kill("SIGTERM");
}

async function converse(url) {
  const body = { model: "my-model", stream: true, messages: [{ role: "user", content: "Tell me about the Queen." }] };
  console.log(`\nServing ${url}\n\n$ curl -N ${url}/v1/chat/completions -H 'content-type: application/json' \\`);
  console.log(`    -d '${JSON.stringify(body)}'\n`);
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the model answered ${response.status}: ${await response.text()}`);
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
    if (!line.startsWith("data: {")) continue;
    process.stdout.write(JSON.parse(line.slice("data: ".length)).choices[0]?.delta?.content ?? "");
  }
  console.log(`\n\nThe model goes on serving at ${url}`);
  console.log(`Edit ${join(project, "model", "model.ts")} and ask again. Ctrl-C stops it.\n`);
}
