import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { isTrussError } from "../../../src/errors.ts";
import type { TrussEvent } from "../../../src/events.ts";
import { loadProject } from "../../../src/project/load.ts";
import { createStage } from "../../../src/push/stage.ts";
import { baseten } from "../../../src/push/targets/baseten.ts";
import type { Stage } from "../../../src/push/types.ts";
import { type Scenario, startBaseten } from "../../support/baseten/fake.ts";
import { type Fault, faults, listen } from "../../support/baseten/http.ts";
import { s3Error, sessionToken } from "../../support/baseten/s3.ts";

const models = [{ id: "model-1", name: "my-model" }];
const commitRoute = "POST /v1/models/model-1/deployments";
const folder = mkdtempSync(join(tmpdir(), "truss-ts-push-"));
const files = {
  "config.yaml": "model_name: my-model\n",
  "model/model.ts": "export class Model { predict() { return 1; } }\n",
  "package.json": '{"name":"x","type":"module"}',
};
let stage: Stage;

beforeAll(async () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../../..", import.meta.url)), join(folder, "node_modules", "truss-ts"), "dir");
  const loaded = await loadProject(folder);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const endpoints = [{ method: "predict", path: "/predict" }];
  const { signal } = new AbortController();
  stage = await createStage(loaded.project, { endpoints, signal, report: () => {}, allowed: [], strict: false });
  return () => rmSync(folder, { recursive: true, force: true });
});
afterEach(() => vi.unstubAllEnvs());

/** A fake and a push to it, in this process. */
async function setUp(scenario: Scenario = { models }) {
  const fake = await startBaseten(scenario);
  onTestFinished(() => fake.close());
  for (const [name, value] of Object.entries(fake.env)) vi.stubEnv(name, value);
  const events: TrussEvent[] = [];
  const stop = new AbortController();
  const push = (flags: Readonly<Record<string, unknown>> = {}, of: Stage = stage) => {
    baseten.validate?.(flags);
    const report = (event: TrussEvent) => void events.push(event);
    return baseten.publish({ project: of.project, stage: of, flags, dryRun: false, report, signal: stop.signal });
  };
  return { fake, push, events, stop };
}

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTrussError(error)) throw new Error(`expected a TrussError, got ${String(error)}`);
  const shown = JSON.stringify([error, error.message, error.hint, error.stack, error.cause, error.details]);
  expect(shown).not.toContain(process.env["BASETEN_API_KEY"]);
  expect(shown).not.toContain(sessionToken);
  expect(shown.length).toBeLessThan(30_000);
  return error;
}

const countOf = (routes: readonly string[], wanted: string) => routes.filter((route) => route === wanted).length;

/** The body of the last request. */
function lastBody({ seen }: Awaited<ReturnType<typeof startBaseten>>): unknown {
  return JSON.parse(seen.at(-1)?.body ?? "");
}

describe("a push", () => {
  test("--promote is the environment production", async () => {
    const { fake, push } = await setUp();
    await push({ promote: true });
    const wanted = { environment_name: "production", preserve_env_instance_type: true };
    expect(lastBody(fake)).toMatchObject({ source: { deployment: wanted } });
    expect(fake.complaints).toEqual([]);
  });

  test("--develop, --model-name and --disable-truss-download", async () => {
    const { fake, push } = await setUp();
    const { json } = await push({ develop: true, modelName: "other name", disableTrussDownload: true });
    expect(json).toMatchObject({ is_draft: true, predict_url: expect.stringMatching(/\/development\/predict$/) });
    expect(new URL(fake.seen[0]?.target ?? "", "http://x").searchParams.get("name")).toBe("other name");
    const body = lastBody(fake);
    expect(body).toMatchObject({
      source: {
        name: "other name",
        disable_archive_download: true,
        deployment: { is_development: true, config: { model_name: "other name" } },
      },
    });
    expect(body).toHaveProperty("source.deployment.raw_config", expect.stringContaining("model_name: my-model"));
    expect(fake.complaints).toEqual([]);
  });

  test.each([["team-2"], ["blue"]])("--team %s takes the team's routes", async (team) => {
    const teams = [
      { id: "team-1", name: "red" },
      { id: "team-2", name: "blue" },
    ];
    const { fake, push } = await setUp({ teams, models: [{ id: "model-1", name: "my-model", team: "red" }] });
    await push({ team });
    expect(fake.routes()).toEqual([
      "GET /v1/teams",
      "GET /v1/teams/team-2/models",
      "POST /v1/prepare_model_upload",
      "POST /v1/teams/team-2/models",
    ]);
    expect(JSON.parse(fake.seen[2]?.body ?? "")).toMatchObject({ name: "my-model", team_id: "team-2" });
    expect(fake.complaints).toEqual([]);
  });

  test("to a name that two teams have needs --team", async () => {
    const twins = [
      { id: "model-1", name: "my-model", team: "red" },
      { id: "model-2", name: "my-model", team: "blue" },
    ];
    const { fake, push } = await setUp({ models: twins });
    const error = await failureOf(push());
    expect(error).toMatchObject({ code: "USAGE", exitCode: 2, hint: expect.stringContaining("--team: red or blue") });
    expect(fake.routes()).toEqual(["GET /v1/models"]);
  });

  test.each([
    ["not be listed", faults.status(403, {})],
    ["not be had at all", faults.hangUp()],
  ])("of a workspace whose secrets may %s goes on", async (_what, fault) => {
    const { fake, push, events } = await setUp();
    fake.fault("GET /v1/secrets", fault);
    const config = { ...stage.project.config, secrets: { hf_token: null } };
    await push({}, { ...stage, project: { ...stage.project, config } });
    expect(fake.routes()).toContain("GET /v1/secrets");
    expect(events.filter(({ event }) => event === "warning")).toEqual([]);
  });
});

describe("afterwards", () => {
  test("--timeout-seconds is the end of --wait", async () => {
    const { push } = await setUp({ models, statuses: ["BUILDING"] });
    const error = await failureOf(push({ wait: true, timeoutSeconds: 1 }));
    expect(error).toMatchObject({ code: "DEPLOYMENT_TIMEOUT", exitCode: 1 });
    expect(error.details).toMatchObject({ deployment: { status: "BUILDING" } });
    expect(error.hint).toContain("/models/model-1/logs/deployment-1");
  });

  test("--tail alone follows a deployment to its end", async () => {
    const { push, events } = await setUp({ models, log: ["one", "the reason"], statuses: ["BUILD_FAILED"] });
    const error = await failureOf(push({ tail: true }));
    expect(error).toMatchObject({ code: "DEPLOYMENT_FAILED", exitCode: 1 });
    expect(error.message).toContain("BUILD_FAILED");
    const lines = events.flatMap((event) => (event.event === "output" ? [event.text] : []));
    expect(lines).toEqual([expect.stringMatching(/: \(abcde\) one\n$/), expect.stringContaining("the reason")]);
  });

  test("--preserve-previous-production-deployment promotes what answers", async () => {
    const { fake, push } = await setUp({ models, statuses: ["ACTIVE"] });
    await push({ promote: true, preservePreviousProductionDeployment: true });
    expect(JSON.stringify(fake.seen.map(({ body }) => body))).not.toContain("environment_name");
    expect(fake.routes().at(-1)).toBe("POST /v1/models/model-1/environments/production/promote");
    expect(lastBody(fake)).toEqual({
      deployment_id: "deployment-1",
      scale_down_previous_deployment: false,
      preserve_env_instance_type: true,
    });
  });
});

describe("a commit", () => {
  test.each<[string, Fault, number]>([
    ["a 500", faults.status(500, { message: "boom" }), 6],
    ["a 503 that asks to come again", faults.status(503, {}, { "retry-after": "0" }), 6],
    ["a broken connection", faults.hangUp(), 1],
    ["half an answer", faults.cutAnswer(), 1],
    ["a page", faults.text("<html><body>hello</body></html>"), 6],
    ["an answer that names nothing", faults.status(200, { ok: true }), 6],
  ])("followed by %s is not repeated, and where to look is said", async (_what, fault, exitCode) => {
    const { fake, push } = await setUp();
    fake.fault(commitRoute, fault);
    const error = await failureOf(push());
    expect(error).toMatchObject({ exitCode, hint: expect.stringContaining("https://app.baseten.co/models") });
    expect(error.message).toContain("may have been made all the same");
    expect(countOf(fake.routes(), commitRoute)).toBe(1);
  });

  test.each([429, 422, 409])("that is refused with %i was not made", async (status) => {
    const { fake, push } = await setUp();
    fake.fault(commitRoute, faults.status(status, { message: "no", retry_after: 0 }));
    const error = await failureOf(push());
    expect(error).toMatchObject({ code: "API_REFUSED", exitCode: 5 });
    expect(error.message).not.toContain("all the same");
    expect(countOf(fake.routes(), commitRoute)).toBe(1);
  });
});

describe("Ctrl-C during the commit", () => {
  test("waits for its answer, and tells what was made", async () => {
    const { fake, push, stop } = await setUp();
    fake.fault(commitRoute, (request, response) => {
      request.resume();
      request.on("end", () => {
        stop.abort(new Error("interrupted"));
        const deployment = { id: "deployment-9", status: "BUILDING" };
        response.end(JSON.stringify({ model: { id: "model-1" }, deployment }));
      });
    });
    const error = await failureOf(push());
    expect(error).toMatchObject({
      code: "INTERRUPTED",
      exitCode: 130,
      details: { deployment: { id: "deployment-9" } },
    });
    expect(error.message).toContain("deployment-9 of model model-1 goes on at Baseten");
  });
});

describe("the upload", () => {
  test.each<[string, Fault, number, string]>([
    ["is refused", faults.xml(403, s3Error("AccessDenied", "No")), 6, "AccessDenied: No"],
    ["has a wrong clock", faults.xml(403, s3Error("RequestTimeTooSkewed", "x")), 1, "the clock of this machine"],
    ["goes to another region", faults.xml(301, s3Error("PermanentRedirect", "Elsewhere")), 6, "PermanentRedirect"],
  ])("that %s leaves nothing behind", async (_what, fault, exitCode, words) => {
    const { fake, push } = await setUp();
    fake.s3.fault("PUT *", fault);
    const error = await failureOf(push());
    expect(error).toMatchObject({ code: "UPLOAD_FAILED", exitCode });
    expect(error.message).toContain(words);
    expect(fake.routes()).not.toContain(commitRoute);
  });

  test("goes on after a broken connection", async () => {
    const { fake, push } = await setUp();
    fake.s3.fault("PUT *", faults.cutRequest());
    expect(await push()).toMatchObject({ json: { model_id: "model-1" } });
    expect(fake.complaints).toEqual([]);
  });

  test.each([
    ["creds", { creds: null, s3_bucket: "b", s3_key: "k", s3_region: "r" }, "aws_access_key_id"],
    ["a bucket", { creds: {}, s3_bucket: null, s3_key: "k", s3_region: "r" }, "aws_access_key_id|s3_bucket"],
  ])("without %s is the platform's fault", async (_what, answer, words) => {
    const { fake, push } = await setUp();
    fake.fault("POST /v1/prepare_model_upload", faults.status(200, answer));
    const error = await failureOf(push());
    expect(error).toMatchObject({ code: "API_FAILED", exitCode: 6 });
    expect(error.message).toMatch(new RegExp(words));
  });

  test("of a file that has changed since it was listed is not done", async () => {
    const { fake, push } = await setUp();
    const error = await failureOf(push({}, { ...stage, digest: `sha256:${"0".repeat(64)}` }));
    expect(error).toMatchObject({ code: "STAGE_CONFLICT" });
    expect(fake.s3.seen).toEqual([]);
  });
});

describe("a server that is not what it seems", () => {
  test.each<[string, Fault]>([
    ["HTML", faults.text("<!doctype html><title>Sign in</title>")],
    ["half a JSON", faults.text('{"models": [', "application/json")],
    ["a list", faults.text("[]", "application/json")],
    ["no models", faults.text("{}", "application/json")],
    ["40 MB", faults.text(`{"models":[],"x":"${"x".repeat(40_000_000)}"}`, "application/json")],
  ])("answers %s, and is asked no more", async (_what, fault) => {
    const { fake, push } = await setUp();
    fake.fault("GET /v1/models", fault);
    expect(await failureOf(push())).toMatchObject({ code: "API_FAILED", exitCode: 6 });
    expect(fake.routes()).toEqual(["GET /v1/models"]);
  });

  test("redirects to a stranger, who does not get the key", async () => {
    const { fake, push } = await setUp();
    const strangers: unknown[] = [];
    const stranger = await listen((request, response) => {
      strangers.push(request.headers);
      response.end("{}");
    });
    onTestFinished(stranger.close);
    fake.fault("GET /v1/models", faults.redirect(`${stranger.url}/v1/models`));
    const error = await failureOf(push());
    expect(error).toMatchObject({ code: "API_FAILED", exitCode: 6 });
    expect(error.message).toContain(new URL(stranger.url).host);
    expect(strangers).toEqual([]);
  });

  test("gives the key back in what it says", async () => {
    const { fake, push } = await setUp();
    fake.fault("GET /v1/models", faults.status(400, { message: `Bearer ${fake.env.BASETEN_API_KEY} is odd` }));
    expect((await failureOf(push())).message).toContain("Bearer *** is odd");
  });
});

describe("flags", () => {
  test.each([
    [{ promote: true, environment: "production" }],
    [{ develop: true, deploymentName: "x" }],
    [{ develop: true, promote: true }],
    [{ develop: true, environment: "x" }],
    [{ offline: true, dryRun: false }],
    [{ preservePreviousProductionDeployment: true }],
    [{ promote: true, preservePreviousProductionDeployment: true, wait: false }],
  ])("%j are refused together", (flags) => {
    expect(() => baseten.validate?.(flags)).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
  });

  test.each([
    ["--labels <json>", ["[1]", "{", "1", "null", ""]],
    ["--deployment-name <name>", ["a b", "", "a/b", "é"]],
    ["--deploy-timeout-minutes <minutes>", ["9", "1441", "1e2", "", "-20", "20.5"]],
    ["--timeout-seconds <seconds>", ["0", "soon", ""]],
    ["--team <team>", ["", "  "]],
  ])("%s does not take %j", (flags, values) => {
    const option = baseten.options.find((candidate) => candidate.flags === flags);
    for (const value of values) {
      expect(() => option?.parse?.(value), value).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
    }
  });

  test("--disable-truss-download is for new models", async () => {
    const { fake, push } = await setUp();
    expect(await failureOf(push({ disableTrussDownload: true }))).toMatchObject({ code: "USAGE", exitCode: 2 });
    expect(fake.routes()).toEqual(["GET /v1/models"]);
  });

  test("what Baseten could not build is refused before it is asked", async () => {
    const { fake, push } = await setUp();
    const fault = { code: "CONFIG_INVALID", message: "slim images have no Python", line: 3 } as const;
    const error = await failureOf(push({}, { ...stage, config: { ...stage.config, faults: [fault] } }));
    expect(error).toMatchObject({ code: "CONFIG_INVALID", line: 3 });
    expect(fake.seen).toEqual([]);
  });
});
