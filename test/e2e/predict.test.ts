import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type FakeServer, cleanEnvironment, goodKey, send, startFake } from "./account-server.ts";
import { binary, makeFolder, run, start } from "./init-run.ts";
import { open } from "./terminal.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const wait = { timeout: 30_000 };

const model = `
import { HttpError, toChatCompletion, toCompletion, toEmbeddings, toMessage, toResponse } from "truss-ts";
async function* words() { yield "Hel"; yield "lö"; }
async function* ends() { yield "Hel"; throw new Error("inside"); }
export class Model {
  predict(input, request) {
    switch (input.kind) {
      case "text": return words();
      case "items": return (async function* () { yield { a: 1 }; yield "b"; })();
      case "broken items": return (async function* () { yield { a: 1 }; throw new HttpError(500, "sorry"); })();
      case "broken text": return ends();
      case "bytes": return Uint8Array.of(0, 1, 2, 255);
      case "busy": throw new HttpError(429, "try later");
      case "throw": throw new Error("secret inside");
      case "hang": return (async function* () {
        yield "begun";
        await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
        console.log("the client left");
      })();
      case "endless": return (async function* () {
        try {
          for (;;) {
            yield "more ";
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        } finally {
          console.log("the endless one ended");
        }
      })();
      default: return input instanceof Uint8Array ? { bytes: input.length } : { got: input };
    }
  }
  chat_completions(input) { return toChatCompletion(input, input.fail ? ends() : words()); }
  completions(input) { return toCompletion(input, words()); }
  embeddings(input) { return toEmbeddings(input, [[0.5, 1]]); }
  responses(input) { return toResponse(input, input.fail ? ends() : words()); }
  messages(input) { return toMessage(input, input.fail ? ends() : words()); }
}
`;

let folder = "";
let server: ChildProcess | undefined;
let url = "";
let log = "";

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-predict-")));
  mkdirSync(join(folder, "model"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "truss-ts"), "dir");
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(folder, "config.yaml"),
    "model_name: calls\nmodel_metadata:\n  example_model_input: { from: example }\n",
  );
  writeFileSync(join(folder, "model/model.js"), model);
  const args = [binary, "serve", folder, "--port", "0", "--host", "127.0.0.1"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  server = child;
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  await vi.waitFor(() => {
    const found = /"event":"ready","url":"([^"]+)"/.exec(log)?.[1];
    if (found === undefined) throw new Error(log);
    url = found;
  }, wait);
});

afterAll(() => {
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const env = () => cleanEnvironment(folder);
const call = (...args: readonly string[]) =>
  run(["predict", folder, "--url", url, ...args], { cwd: folder, env: env() });
const lines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

describe("a local model", () => {
  test("is sent the project's example where nothing is given", async () => {
    expect(await call()).toEqual({ code: 0, signal: null, stdout: '{"got":{"from":"example"}}', stderr: "" });
  });

  test("is sent what is given: --data, a file, stdin, bytes with their type", async () => {
    const file = join(makeFolder(), "input.json");
    writeFileSync(file, '{"big": 12345678901234567890}\n');
    expect((await call("--data", "[1]")).stdout).toBe('{"got":[1]}');
    expect((await call("--file", file)).stdout).toMatch(/^\{"got":\{"big":1234567890123456\d+\}\}$/);
    const { child, ended } = start(["predict", folder, "-u", url, "-f", "-"], { cwd: folder, env: env() });
    child.stdin?.end('"piped"');
    expect((await ended).stdout).toBe('{"got":"piped"}');
    expect((await call("-f", binary, "-H", "content-type: image/png")).stdout).toMatch(/^\{"bytes":\d+\}$/);
  });

  test.each([
    ["chat_completions", { messages: [] }],
    ["completions", { prompt: "x" }],
    ["responses", { input: "x" }],
    ["messages", { messages: [], max_tokens: 9 }],
  ])("answers on %s, whole and streamed, in every form", async (endpoint, body) => {
    const ask = (stream: boolean, ...args: string[]) =>
      call("-e", endpoint, "-d", JSON.stringify({ model: "m", stream, ...body }), ...args);
    expect(await ask(true, "--text")).toMatchObject({ code: 0, stdout: "Hellö\n", stderr: "" });
    expect(await ask(false, "--text")).toMatchObject({ code: 0, stdout: "Hellö\n", stderr: "" });
    expect((await ask(true)).stdout).toMatch(/^(event|data): /);
    expect(lines((await ask(true, "--json")).stdout).length).toBeGreaterThan(2);
    expect(lines((await ask(false, "--json")).stdout)).toHaveLength(1);
  });

  test("answers with anything else too", async () => {
    expect(await call("-d", '{"kind":"text"}')).toMatchObject({ code: 0, stdout: "Hellö" });
    expect(await call("-d", '{"kind":"items"}')).toMatchObject({ code: 0, stdout: '{"a":1}\nb' });
    expect(await call("-d", '{"kind":"bytes"}', "--json")).toMatchObject({
      code: 0,
      stdout: '{"base64":"AAEC/w=="}\n',
    });
    expect((await call("-e", "embeddings", "-d", '{"input":"x"}')).stdout).toContain('"embedding":[0.5,1]');
    expect((await call("-e", "/environments/production/predict", "-d", "1")).stdout).toBe('{"got":1}');
  });

  test.each([
    ['{"kind":"busy"}', 5, "429 Too Many Requests: try later", '{"error":"try later"}'],
    ['{"kind":"throw"}', 6, "500 Internal Server Error", '{"error":"Internal Server Error (in model/chainlet)."}'],
  ])("that refuses %s is an exit code and a body on stderr", async (data, code, message, body) => {
    const { stderr, ...result } = await call("-d", data);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.split("\n")[0]).toBe(body);
    const asked = await call("-d", data, "--json");
    expect(JSON.parse(asked.stdout)).toMatchObject({ error: { code: "REQUEST_FAILED", response_body: body } });
  });

  test("that fails in the middle of a stream is an exit code", async () => {
    for (const endpoint of ["chat_completions", "responses", "messages"]) {
      const body = { model: "m", stream: true, fail: true, messages: [], input: "x", max_tokens: 9 };
      const { code, stdout, stderr } = await call("-e", endpoint, "-d", JSON.stringify(body), "--text");
      expect({ code, stdout }).toEqual({ code: 6, stdout: "Hel\n" });
      expect(stderr).toContain("The model failed in the middle of its answer: Internal Server Error");
    }
    expect(await call("-d", '{"kind":"broken items"}', "--json")).toMatchObject({
      code: 6,
      stdout: expect.stringMatching(/^\{"a":1\}\n\{"error":\{"code":"REQUEST_FAILED"/),
    });
    expect(await call("-d", '{"kind":"broken text"}')).toMatchObject({
      code: 1,
      stdout: "Hel",
      stderr: expect.stringContaining("broke off in the middle"),
    });
  });

  test("hears of Ctrl-C and of --timeout", async () => {
    const left = () => log.split("the client left").length - 1;
    const { child, ended } = start(["predict", folder, "-u", url, "-d", '{"kind":"hang"}'], {
      cwd: folder,
      env: env(),
    });
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "begun" });
    await expect.poll(left, wait).toBe(1);
    expect(await call("-d", '{"kind":"hang"}', "--timeout", "1")).toMatchObject({
      code: 1,
      stdout: "begun",
      stderr: expect.stringContaining("within 1 s"),
    });
    await expect.poll(left, wait).toBe(2);
  });

  test("is left when nobody reads any more", async () => {
    const { child, ended } = start(["predict", folder, "-u", url, "-d", '{"kind":"endless"}'], {
      cwd: folder,
      env: env(),
    });
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
    await expect.poll(() => log.includes("the endless one ended"), wait).toBe(true);
  });

  test("on a terminal shows text, and no bytes", async () => {
    const show = async (...args: string[]) => {
      const terminal = open(["predict", folder, "--url", url, ...args], { cwd: folder, env: env() });
      expect(await terminal.ended).toBe(0);
      return terminal.screen();
    };
    const chat = JSON.stringify({ model: "m", stream: true, messages: [] });
    expect(await show("-e", "chat_completions", "-d", chat)).toBe("Hellö\n");
    expect(await show("-d", "1")).toBe('{\n  "got": 1\n}\n');
    expect(await show("-d", '{"kind":"bytes"}')).toContain("4 bytes of application/octet-stream are not shown");
  });
});

describe("a slip", () => {
  test.each([
    ["JSON that is none", ["-d", "{"], "is not JSON"],
    ["nothing at all", ["-d", ""], "is empty"],
    ["a file that is not there", ["-f", "gone.json"], "cannot be read (ENOENT)"],
    ["a file without an end", ["-f", "/dev/zero"], "too large to send"],
    ["a folder", ["-f", "."], "is a folder"],
    ["two bodies", ["-d", "1", "-f", "x"], "exclude each other"],
    ["two places", ["-d", "1", "--environment", "e", "--deployment", "d"], "exclude each other"],
    ["a place and an address", ["-d", "1", "-u", "1", "--development"], "--url already says"],
    ["two forms", ["-d", "1", "--raw", "--json"], "--raw excludes"],
    ["an endpoint that is not there", ["-d", "1", "-e", "chat_completion"], "did you mean chat_completions?"],
    ["a header that is none", ["-d", "1", "-H", "no colon"], "name:value"],
    ["a header of two lines", ["-d", "1", "-H", "a: b\nc: d"], "name:value"],
    ["a timeout that is none", ["-d", "1", "--timeout", "soon"], "number of seconds"],
    ["two routes", ["-d", "1", "-u", "8080/predict", "-e", "messages"], "already names /predict"],
  ])("%s is exit code 2 with nothing on stdout", async (_name, args, words) => {
    const result = await run(["predict", ...args], { cwd: folder, env: env() });
    expect(result).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(words) });
  });

  test("nobody who listens is exit code 1 with what to do", async () => {
    for (const args of [[], ["-e", "predict"]]) {
      const result = await run(["predict", "-d", "1", "-u", "1", ...args], { cwd: folder, env: env() });
      expect(result).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("truss-ts dev") });
    }
  });

  test("an endpoint that the model does not have is told with those that it has", async () => {
    const { code, stderr } = await call("-e", "/v1/nothing", "-d", "1");
    expect(code).toBe(4);
    expect(stderr).toContain("it serves predict, chat_completions, completions, embeddings, responses, messages");
  });

  test("no project and no body is told", async () => {
    const empty = makeFolder();
    const result = await run(["predict"], { cwd: empty, env: env() });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining("PROJECT_NOT_FOUND") });
  });
});

describe("a deployed model", () => {
  const models = {
    models: [
      { id: "m1", name: "calls" },
      { id: "m2", name: "calls-2" },
    ],
  };
  const echo = (request: { path: string; body: string }) => ({
    path: request.path,
    sent: JSON.parse(request.body) as unknown,
  });
  const deployed = ["production", "staging"].map((name) => `POST /environments/${name}/predict`);
  const others = ["/deployment/d1/predict", "/development/predict", "/environments/production/sync/v1/messages"];
  const posts = [...deployed, ...others.map((path) => `POST ${path}`)];
  const routes = {
    "GET /v1/models": () => models,
    ...Object.fromEntries(posts.map((route) => [route, echo])),
  };

  async function setUp() {
    const fake = await startFake(routes, makeFolder());
    const all = { ...fake.env, BASETEN_INFERENCE_BASE_URL_OVERRIDE: fake.url, BASETEN_API_KEY: goodKey };
    const ask = (args: readonly string[], more = {}) =>
      run(["predict", folder, "-d", '{"a":1}', ...args], { cwd: folder, env: { ...all, ...more } });
    return { fake, ask };
  }

  test.each([
    [["--environment", "production"], "/environments/production/predict"],
    [["--environment", "staging"], "/environments/staging/predict"],
    [["--deployment", "d1"], "/deployment/d1/predict"],
    [["--development"], "/development/predict"],
    [["--model-name", "calls-2"], "/environments/production/predict"],
    [["--model-id", "m9", "-e", "messages"], "/environments/production/sync/v1/messages"],
  ])("is called with the key: %j", async (args, path) => {
    const { fake, ask } = await setUp();
    const result = await ask(args);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toEqual({ path, sent: { a: 1 } });
    const asked = fake.seen.map((request) => request.path);
    expect(asked).toEqual(args[0] === "--model-id" ? [path] : ["/v1/models", path]);
  });

  test("that is not there is told", async () => {
    const { ask } = await setUp();
    expect(await ask(["--model-name", "nobody"])).toMatchObject({ code: 4, stdout: "" });
    expect(await ask(["--environment", "gone"])).toMatchObject({ code: 4, stdout: "" });
    expect(await ask(["--environment", "production"], { BASETEN_API_KEY: "wrong" })).toMatchObject({ code: 3 });
    expect(await ask(["--environment", "production"], { BASETEN_API_KEY: undefined })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("truss-ts login"),
    });
    const refused = await ask(["--model-id", "m1"], { BASETEN_API_KEY: "wrong-but-long-enough" });
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("the key came from BASETEN_API_KEY") });
  });
});

describe("the API key", () => {
  async function startStranger(answer: (response: ServerResponse) => void) {
    const seen: (string | undefined)[] = [];
    const stranger = createServer((request, response) => {
      seen.push(request.headers.authorization);
      request.resume().on("end", () => answer(response));
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void stranger.close());
    return { seen, url: `http://127.0.0.1:${(stranger.address() as AddressInfo).port}` };
  }

  const ask = (to: string, ...args: string[]) =>
    run(["predict", "-e", "predict", "-d", "1", "-u", to, ...args], {
      cwd: folder,
      env: { ...env(), BASETEN_API_KEY: goodKey },
    });

  test("goes to strangers only when that is said", async () => {
    const stranger = await startStranger((response) => send(response, 200, 1));
    await ask(stranger.url);
    await ask(stranger.url, "--with-key");
    await ask(stranger.url, "--with-key", "-H", "Authorization: Bearer mine");
    expect(stranger.seen).toEqual([undefined, `Bearer ${goodKey}`, "Bearer mine"]);
  });

  test("follows no redirect, and is not shown when a server repeats it", async () => {
    const target = await startStranger((response) => send(response, 200, 1));
    const mover = await startStranger((response) => response.writeHead(307, { location: target.url }).end());
    expect(await ask(mover.url, "--with-key")).toMatchObject({ code: 6, stdout: "" });
    expect(target.seen).toEqual([]);
    const parrot = await startStranger((response) => send(response, 401, { error: `bad key ${goodKey}` }));
    const { code, stdout, stderr } = await ask(parrot.url, "--with-key", "--json");
    expect(code).toBe(3);
    expect(stdout + stderr).not.toContain(goodKey);
  });

  test("is asked for where the address is Baseten's", async () => {
    const fake: FakeServer = await startFake({ "POST /predict": () => "ok" }, makeFolder());
    const more = { BASETEN_API_KEY: undefined, BASETEN_INFERENCE_BASE_URL_OVERRIDE: fake.url };
    const result = await run(["predict", "-d", "1", "-u", fake.url], { cwd: folder, env: { ...env(), ...more } });
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(fake.seen).toEqual([]);
  });
});
