import { describe, expect, test } from "vitest";
import { setUp } from "./push-baseten-run.ts";

const models = [{ id: "model-1", name: "my-model" }];

describe("push --wait", () => {
  test("tells the addresses first, then each status, and ends with the settled deployment", async () => {
    const statuses = ["BUILDING", "SCALED_TO_ZERO", "WAKING_UP", "ACTIVE"];
    const { fake, push } = await setUp({ models, statuses, notFound: 1 });
    const { code, stdout, stderr } = await push(["--wait", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ deployment: { status: "ACTIVE" } });
    const places = ["/models/model-1/logs/deployment-1", ...statuses.map((status) => `s  ${status}\n`)];
    const found = places.map((text) => stderr.indexOf(text));
    expect(found).toEqual(found.toSorted((left, right) => left - right));
    expect(found).not.toContain(-1);
    expect(fake.state.looks).toBe(5);
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
});
