import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { writeArchive } from "../support/baseten/archive.ts";
import { environment, makeFolder } from "./init-run.ts";
import { canaries, config, findLeaks, setUp } from "./push-baseten-run.ts";

const existing = { id: "model-1", name: "my-model" };

describe("push --target baseten", () => {
  test("makes a model: look, prepare, upload, commit, and one object on stdout", async () => {
    const set = await setUp();
    const { fake, push } = set;
    const ended = await push(["--json"]);
    expect(ended.stderr).toContain("/models/model-new/logs/deployment-1");
    expect(ended.code).toBe(0);
    const lines = ended.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      target: "baseten",
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      model_id: "model-new",
      model_version_id: "deployment-1",
      predict_url: `${fake.env.BASETEN_INFERENCE_BASE_URL_OVERRIDE}/deployment/deployment-1/predict`,
      logs_url: "https://app.baseten.co/models/model-new/logs/deployment-1",
      is_draft: false,
      deployment: { id: "deployment-1", status: "BUILDING" },
    });
    expect(fake.routes()).toEqual([
      "GET /v1/models",
      "GET /v1/secrets",
      "POST /v1/prepare_model_upload",
      "POST /v1/models",
    ]);
    expect(fake.s3.seen.map(({ method }) => method)).toEqual(["PUT"]);
    const prepared: unknown = JSON.parse(fake.seen[2]?.body ?? "");
    expect(prepared).toMatchObject({ name: "my-model", deployment: { config: { model_name: "my-model" } } });
    expect(prepared).toHaveProperty("deployment.raw_config", expect.stringContaining("# my model, with a comment"));
    expect(fake.complaints).toEqual([]);
    expect(findLeaks(set, ended)).toEqual([]);
  });

  test("deploys to a model that is there, and every flag has its field", async () => {
    const set = await setUp({ models: [existing, { id: "model-2", name: "my-model-2" }] });
    const { fake, push } = set;
    const labels = { team: "search", nested: { a: 1 } };
    const ended = await push([
      "--environment=staging",
      "--deployment-name=v1.2_3-x",
      `--labels=${JSON.stringify(labels)}`,
      "--deploy-timeout-minutes=30",
      "--no-cache",
      "--no-preserve-env-instance-type",
      "--publish",
      "--trusted",
    ]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout.trimEnd().split("\n").at(-1)).toContain("/deployment/deployment-1/predict");
    expect(ended.stderr).toContain("/inference/environments/staging/predict");
    expect(ended.stderr).toContain("/inference/environments/staging/sync/v1");
    expect(ended.stderr).toContain("$BASETEN_API_KEY");
    expect(fake.routes().at(-1)).toBe("POST /v1/models/model-1/deployments");
    const body: unknown = JSON.parse(fake.seen.at(-1)?.body ?? "");
    expect(body).toMatchObject({
      source: {
        kind: "model_archive",
        s3_key: "uploads/a b+c/test-key.tar",
        deployment: {
          config: { build: { no_cache: true } },
          environment_name: "staging",
          preserve_env_instance_type: false,
          deployment_name: "v1.2_3-x",
          deploy_timeout_minutes: 30,
          labels,
        },
      },
    });
    expect(JSON.stringify(body)).not.toContain("user_env");
    expect(body).not.toHaveProperty("source.name");
    expect(body).toHaveProperty("source.deployment.raw_config", expect.not.stringContaining("no_cache"));
    expect(fake.complaints).toEqual([]);
    expect(findLeaks(set, ended)).toEqual([]);
  });

  test("a secret that the workspace lacks is told of, and its value stays here", async () => {
    const secrets = `secrets:\n  hf_token: ${canaries.config}\n  other: null\n`;
    const set = await setUp({}, { "config.yaml": `model_name: my-model\n${secrets}` });
    const ended = await set.push(["--json"]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("the secret other, which your workspace does not have");
    expect(findLeaks(set, ended)).toEqual([]);
    expect(set.fake.complaints).toEqual([]);
  });
});

describe("push --target baseten --dry-run", () => {
  test("lets the platform look, and makes nothing", async () => {
    const { fake, push } = await setUp({ models: [existing] });
    const ended = await push(["--dry-run", "--json"]);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ target: "baseten", dry_run: true, validated: true });
    expect(fake.routes()).toEqual(["GET /v1/models", "GET /v1/secrets", "POST /v1/prepare_model_upload"]);
    expect(JSON.parse(fake.seen[2]?.body ?? "")).toMatchObject({ dry_run: true, model_id: "model-1" });
    expect(fake.s3.seen).toEqual([]);
    expect(fake.complaints).toEqual([]);
  });

  test("is refused as the push would be", async () => {
    const { fake, push } = await setUp();
    fake.fault("POST /v1/prepare_model_upload", (request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(422, {}).end('{"message":"resources: too large"}'));
    });
    const ended = await push(["--dry-run", "--json"]);
    expect(ended.code).toBe(5);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: "API_REFUSED", status_code: 422 } });
    expect(ended.stderr).toContain("resources: too large");
  });

  test.each([
    [["--offline"], {}],
    [[], { BASETEN_API_KEY: undefined }],
  ])("with %j asks nobody where it cannot or must not", async (flags, env) => {
    const { fake, push } = await setUp();
    const ended = await push(["--dry-run", "--json", ...flags], env);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ validated: false });
    expect(fake.seen).toEqual([]);
  });
});

test("--offline without --dry-run is refused, and nothing is deployed", async () => {
  const { fake, push } = await setUp();
  expect(await push(["--offline"])).toMatchObject({ code: 2, stdout: "" });
  expect(fake.seen).toEqual([]);
});

test("the archive that was taken serves", async () => {
  const { fake, push, project } = await setUp();
  expect(await push(["--json"])).toMatchObject({ code: 0 });
  expect(project.read("config.yaml")).toBe(config);
  const paths = fake.archives[0]?.map(({ path }) => path);
  expect(paths).toContain("data/labels.txt");
  expect(paths?.filter((path) => /env|npmrc|node_modules/.test(path))).toEqual([]);
  expect(fake.complaints).toEqual([]);
  const folder = makeFolder();
  await writeArchive(folder, fake.archives[0] ?? []);
  const child = spawn(process.execPath, [join(folder, "model/server.mjs")], {
    cwd: "/",
    env: environment({ TRUSS_TS_PORT: "0", TRUSS_TS_HOST: "127.0.0.1" }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line]: string[] = await once(createInterface({ input: child.stdout }), "line");
  const { url } = JSON.parse(line ?? "") as { readonly url: string };
  const answer = await fetch(`${url}/predict`, { method: "POST", body: '{"a":1}' });
  expect(await answer.json()).toEqual({ echo: { a: 1 } });
});

describe("push --config", () => {
  test("reads another file, wherever it is, and delivers it as config.yaml", async () => {
    const set = await setUp();
    set.project.remove("config.yaml");
    set.project.save("deploy/staging.yml", "# staging\nmodel_name: my-staging\n");
    const ended = await set.push(["--config", "deploy/staging.yml", "--json"]);
    expect(ended).toMatchObject({ code: 0 });
    const { body } = set.fake.seen.at(-1) ?? {};
    expect(JSON.parse(body ?? "")).toMatchObject({
      source: { name: "my-staging", deployment: { raw_config: expect.stringMatching(/^# staging\n/) } },
    });
    expect(set.fake.complaints).toEqual([]);
  });

  test("names that file in a fault, without its secrets", async () => {
    const set = await setUp();
    set.project.save("staging.conf", `model_name: x\nsecrets:\n  hf_token: ${canaries.config}\nresorces: {}\n`);
    const ended = await set.push(["--config", "staging.conf", "--json"]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("staging.conf:4");
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { file: "staging.conf", line: 4 } });
    expect(findLeaks(set, ended)).toEqual([]);
    expect((await set.push(["--config", "nowhere.yaml", "--json"])).code).toBe(1);
  });
});
