import { describe, expect, test } from "vitest";
import { setUp } from "./push-baseten-run.ts";

const models = [{ id: "model-1", name: "my-model" }];

describe("push --wait", () => {
  test("tells the addresses first, then each status, and ends with the settled deployment", async () => {
    const statuses = ["BUILDING", "DEPLOYING", "SCALED_TO_ZERO", "WAKING_UP", "ACTIVE"];
    const { fake, push } = await setUp({ models, statuses, notFound: 2 });
    const { code, stdout, stderr } = await push(["--wait", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ deployment: { status: "ACTIVE" } });
    const places = ["/models/model-1/logs/deployment-1", ...statuses.map((status) => `s  ${status}\n`)];
    const found = places.map((text) => stderr.indexOf(text));
    expect(found).toEqual(found.toSorted((left, right) => left - right));
    expect(found).not.toContain(-1);
    expect(fake.state.looks).toBe(7);
  });

  test("fails with the deployment, and where its log is", async () => {
    const { push } = await setUp({ models, statuses: ["BUILDING", "BUILD_FAILED"] });
    const { code, stdout, stderr } = await push(["--wait", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "DEPLOYMENT_FAILED", deployment: { status: "BUILD_FAILED" } },
    });
    expect(stderr).toContain("/models/model-1/logs/deployment-1");
  });

  test("has an end with --timeout-seconds", async () => {
    const { push } = await setUp({ models, statuses: ["BUILDING"] });
    const { code, stdout } = await push(["--wait", "--timeout-seconds", "2", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "DEPLOYMENT_TIMEOUT" } });
  });

  test("with --tail shows each line of the log once", async () => {
    const log = ["building step 1", "building step 2", "building step 3"];
    const { push } = await setUp({
      models,
      log,
      statuses: ["BUILDING", "BUILDING", "BUILDING", "DEPLOYING", "ACTIVE"],
    });
    const { code, stdout, stderr } = await push(["--wait", "--tail", "--json"]);
    expect(code).toBe(0);
    for (const line of log) expect(stderr.split(line), line).toHaveLength(2);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).not.toContain("building step");
    expect(stderr).not.toContain("shown no further");
    expect(stderr).toContain("truss-ts logs --model-id model-1 --deployment deployment-1 --tail");
  });

  test("--tail alone follows a deployment to its end", async () => {
    const { push } = await setUp({ models, log: ["one", "the reason"], statuses: ["BUILDING", "BUILD_FAILED"] });
    const { code, stderr } = await push(["--tail", "--json"]);
    expect(code).toBe(1);
    expect(stderr).toContain("the reason");
    expect(stderr).toContain("BUILD_FAILED");
  });

  test("--preserve-previous-production-deployment promotes what answers", async () => {
    const { fake, push } = await setUp({ models, statuses: ["BUILDING", "ACTIVE"] });
    const { code } = await push(["--promote", "--preserve-previous-production-deployment", "--json"]);
    expect(code).toBe(0);
    expect(JSON.stringify(fake.seen.map(({ body }) => body))).not.toContain("environment_name");
    expect(fake.routes().at(-1)).toBe("POST /v1/models/model-1/environments/production/promote");
    expect(JSON.parse(fake.seen.at(-1)?.body ?? "")).toEqual({
      deployment_id: "deployment-1",
      scale_down_previous_deployment: false,
      preserve_env_instance_type: true,
    });
  });
});
