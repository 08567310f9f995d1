import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listTemplates } from "../../src/scaffold/templates.ts";
import { writeFiles } from "../unit/bundle/temp-project.ts";
import { projects } from "./projects.ts";
import { type Answer, askTruss, hasTruss } from "./truss.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = join(root, "bin/truss-ts.js");
const home = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-truss-")));
const templates = listTemplates().map(({ name }) => name);

interface Pushed {
  readonly path: string;
  readonly files: readonly string[];
}

const pushed = new Map<string, Pushed>();
const answers = new Map<string, Answer>();

afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

describe.skipIf(!hasTruss)("the archive that push makes", () => {
  beforeAll(async () => {
    for (const name of templates) {
      cpSync(join(root, "templates", name), join(home, name), { recursive: true });
      linkPackages(join(home, name));
    }
    for (const [name, files] of Object.entries(projects)) {
      const dir = join(home, name);
      mkdirSync(join(dir, "node_modules"), { recursive: true });
      writeFiles(dir, files);
    }
    const names = [...templates, ...Object.keys(projects)];
    // A few at a time: each is a process of its own.
    const waiting = [...names];
    const work = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) pushed.set(name, await push(name));
    };
    await Promise.all([work(), work(), work()]);
    const questions = [
      ...names.map((name) => ({ name, as: name, env: {} })),
      { name: "minimal", as: "slim", env: { BT_USE_DOCKER_SERVER_SLIM: "true" } },
      { name: "minimal", as: "non-root", env: { BT_USE_NON_ROOT_USER: "true" } },
    ];
    const found = await askTruss(questions.map(({ name, env }) => ({ archive: pushed.get(name)?.path ?? "", env })));
    for (const [index, { as }] of questions.entries()) if (found[index]) answers.set(as, found[index]);
  }, 240_000);

  it.each([...templates, ...Object.keys(projects)])("of %s is taken by Truss, to the last file", (name) => {
    const answer = answerOf(name);
    const files = pushed.get(name)?.files ?? [];
    expect(answer.odd).toEqual([]);
    expect(answer.files).toEqual([...files].sort());
    expect(answer.uploaded).toEqual(answer.files);
    expect(answer.context).toEqual(expect.arrayContaining([...files]));
    // Without need nothing is told to Truss.
    if (!files.includes(".truss_ignore")) expect(answer.defaults).toEqual(answer.files);
  });

  it.each(templates)("of %s becomes the steps of an image", (name) => {
    const steps = stepsOf(name);
    expect(steps[0]).toMatch(/^ARG /);
    expect(steps).toContain("FROM node:24-bookworm AS truss_server");
    const order = [
      steps.findIndex((step) => step.startsWith("RUN grep -w 'ID=debian")),
      steps.findIndex((step) => step.startsWith("RUN $(which python3) -c")),
      steps.indexOf("COPY --chown=root:root ./model ${APP_HOME}/model"),
      steps.findIndex((step) => step.includes("curl nginx")),
      steps.indexOf("COPY --chown=0:0 ./config.yaml ${APP_HOME}/config.yaml"),
      steps.indexOf('ENTRYPOINT ["/docker_server/.venv/bin/supervisord", "-c", "/etc/supervisor/supervisord.conf"]'),
    ];
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((left, right) => left - right));
    expect(steps).toContain("ENV APP_HOME=/app");
    const hasData = pushed.get(name)?.files.some((file) => file.startsWith("data/")) === true;
    expect(steps.includes("COPY --chown=root:root ./data ${APP_HOME}/data")).toBe(hasData);
    // Neither Python's server nor a working directory, nor a port that we would have to obey.
    expect(
      steps.filter((step) => /\.\/server |WORKDIR|^ENV (PORT|HOSTNAME)|requirements\.txt.*pip/.test(step)),
    ).toEqual([]);
  });

  it("starts the server, and nginx leads to its endpoints", () => {
    const { texts } = answerOf("minimal");
    expect(sectionOf(texts?.["supervisord.conf"] ?? "", "program:model-server")).toMatchObject({
      command: "node /app/model/server.mjs",
      autorestart: "false",
    });
    expect(routesOf(texts?.["proxy.conf"] ?? "")).toEqual({
      "^/$": "/health/live",
      "^/v1/models/model$": "/health/ready",
      "^/v1/models/model:predict$": "/predict",
      "^/v1/websocket$": "/predict",
    });
    expect(portsOf(texts?.["proxy.conf"] ?? "")).toEqual(["8000"]);
    expect(routesOf(answerOf("chat").texts?.["proxy.conf"] ?? "")).toMatchObject({
      "^/v1/models/model:predict$": "/v1/chat/completions",
    });
  });

  it("starts in slim mode, without nginx and supervisor", () => {
    const steps = stepsOf("slim");
    expect(steps).toContain('ENTRYPOINT ["sh", "-c"]');
    expect(steps).toContain('CMD ["node /app/model/server.mjs"]');
    expect(steps).toContain("COPY --chown=root:root ./model ${APP_HOME}/model");
  });

  it("runs as another user than root where the platform wants it", () => {
    const steps = stepsOf("non-root");
    expect(steps).toContain("USER 60000");
    expect(steps.some((step) => step.startsWith("RUN chown -R 60000:60000 ${HOME} ${APP_HOME}"))).toBe(true);
  });

  it("installs outside packages after the model is there, and after the user's commands", () => {
    const steps = stepsOf("outside");
    const order = [
      steps.indexOf("COPY --chown=root:root ./model ${APP_HOME}/model"),
      steps.indexOf("RUN apt-get install -y libvips"),
      steps.indexOf("RUN cd /app/model && npm ci --omit=dev"),
    ];
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((left, right) => left - right));
    expect(pushed.get("outside")?.files).toEqual(
      expect.arrayContaining(["model/package.json", "model/package-lock.json"]),
    );
  });

  it("carries our own keys past Truss", () => {
    expect(answerOf("own-keys").config).toMatchObject({
      model_name: "own",
      secrets: { TOKEN: null },
      runtime: { predict_concurrency: 2, streaming_read_timeout: 1 },
      model_metadata: { own: 1, truss_ts: { stored_responses: 4, runtime: { max_queue: 3, drain_timeout: 5 } } },
    });
    expect(JSON.stringify(answerOf("own-keys"))).not.toContain("hush");
  });

  it("sends sockets to a model that has nothing else", () => {
    const { config, texts } = answerOf("sockets");
    expect(config).toMatchObject({ runtime: { transport: { kind: "websocket" } } });
    expect(routesOf(texts?.["proxy.conf"] ?? "")).toMatchObject({ "^/v1/websocket$": "/v1/websocket" });
  });

  it("keeps files that Truss would drop for their names", () => {
    expect(pushed.get("names")?.files).toEqual(
      expect.arrayContaining(["data/dist/a.txt", "data/lib/b.txt", "model/build/c.json"]),
    );
  });

  it("has the folders and the port where they are looked for, whatever the project calls them", () => {
    const { config, texts, context } = answerOf("custom");
    expect(context).toEqual(expect.arrayContaining(["model/server.mjs", "data/a.txt"]));
    expect(config).toMatchObject({
      model_module_dir: "model",
      data_dir: "data",
      docker_server: { server_port: 9000, run_as_user_id: 1000, start_command: "node /app/model/server.mjs" },
    });
    expect(portsOf(texts?.["proxy.conf"] ?? "")).toEqual(["9000"]);
    expect(stepsOf("custom")).toEqual(
      expect.arrayContaining([
        "USER 1000",
        "COPY --chown=root:root ./user_requirements.txt user_requirements.txt",
        "COPY --chown=root:root ./system_packages.txt system_packages.txt",
      ]),
    );
  });
});

function answerOf(name: string): Answer {
  const answer = answers.get(name);
  if (answer === undefined || !answer.ok) throw new Error(`Truss refuses ${name}: ${answer?.error ?? "no answer"}`);
  return answer;
}

/** The instructions of a Dockerfile, continued lines joined. */
function stepsOf(name: string): string[] {
  return (answerOf(name).texts?.Dockerfile ?? "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim().replace(/^RUN\s+/, "RUN "))
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function sectionOf(text: string, name: string): Record<string, string> {
  const body = text.split(/^\[/m).find((part) => part.startsWith(`${name}]`)) ?? "";
  return Object.fromEntries([...body.matchAll(/^(\w+) = (.*)$/gm)].map(([, key = "", value = ""]) => [key, value]));
}

function routesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/rewrite (\S+) (\S+) break;/g)].map(([, from = "", to = ""]) => [from, to]),
  );
}

function portsOf(text: string): string[] {
  return [...new Set([...text.matchAll(/proxy_pass http:\/\/127\.0\.0\.1:(\d+);/g)].map(([, port = ""]) => port))];
}

async function push(name: string): Promise<Pushed> {
  const stdout = await runBinary(["push", join(home, name), "--out", join(home, "out", name), "--json"]);
  const { path, files }: { path: string; files: { path: string }[] } = JSON.parse(stdout);
  return { path, files: files.map((file) => file.path) };
}

async function runBinary(args: readonly string[]): Promise<string> {
  // In CI, packages that no lockfile pins are refused, and these projects have none.
  const env = { ...process.env, CI: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [binary, ...args], { cwd: home, env });
  return stdout;
}

/** As if installed: everything that this repository has, and truss-ts itself. */
function linkPackages(dir: string): void {
  const packages = join(dir, "node_modules");
  mkdirSync(packages, { recursive: true });
  for (const entry of readdirSync(join(root, "node_modules"))) {
    if (!entry.startsWith(".")) symlinkSync(join(root, "node_modules", entry), join(packages, entry));
  }
  symlinkSync(root, join(packages, "truss-ts"));
}
