import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { faults } from "../support/baseten/http.ts";
import { s3Error } from "../support/baseten/s3.ts";
import { findLeaks, setUp } from "./push-baseten-run.ts";
import { patience } from "./dev-server.ts";

const existing = { id: "model-1", name: "my-model" };
const models = [existing];
const commitRoute = "POST /v1/models/model-1/deployments";

describe("exit codes", () => {
  test("3: the key is refused, and its source is named", async () => {
    const set = await setUp();
    const ended = await set.push(["--json"], { BASETEN_API_KEY: "canary-wrong-key-0123456789" });
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: "AUTH_REFUSED", status_code: 401 } });
    expect(ended.stderr).toContain("BASETEN_API_KEY");
    expect(ended.stdout + ended.stderr).not.toContain("canary-wrong-key");
    expect(set.fake.seen).toHaveLength(1);
  });

  test("3: no key at all, and what to do", async () => {
    const { fake, push } = await setUp();
    const ended = await push(["--json"], { BASETEN_API_KEY: undefined });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain("truss-ts login");
    expect(fake.seen).toEqual([]);
  });

  test("4: what is not there, or not to be seen with this key", async () => {
    const { fake, push } = await setUp({ models });
    fake.fault(commitRoute, faults.status(404, { message: "Model model-1 not found" }));
    const ended = await push(["--json"]);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("Model model-1 not found");
    expect((await push(["--team", "nobody"])).code).toBe(4);
  });

  test("5: refused, in the platform's own words", async () => {
    const { fake, push } = await setUp();
    fake.fault("POST /v1/prepare_model_upload", faults.status(400, { message: "resources.cpu: 99 is too many" }));
    const ended = await push(["--json"]);
    expect(ended.code).toBe(5);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: {
        message: expect.stringContaining("resources.cpu: 99 is too many"),
        status_code: 400,
        response_body: '{"message":"resources.cpu: 99 is too many"}',
      },
    });
    expect(fake.routes()).not.toContain("POST /v1/models");
    expect(fake.s3.seen).toEqual([]);
  });

  test("6: a commit that fails is not repeated, and where to look is said", async () => {
    const { fake, push } = await setUp({ models });
    fake.fault(commitRoute, faults.status(500, { message: "boom" }), 99);
    const ended = await push(["--json"]);
    expect(ended.code).toBe(6);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: "API_FAILED", status_code: 500 } });
    expect(ended.stderr).toContain("boom");
    expect(ended.stderr).toContain("may have been made all the same");
    expect(ended.stderr).toContain("https://app.baseten.co/models");
    expect(fake.routes().filter((route) => route === commitRoute)).toHaveLength(1);
  });

  test("6: S3 refuses the archive, and its answer's secrets stay unseen", async () => {
    const set = await setUp({ models });
    set.fake.s3.fault("PUT *", faults.xml(403, s3Error("AccessDenied", "Access Denied")));
    const ended = await set.push(["--json"], { DEBUG: "*" });
    expect(ended.code).toBe(6);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: "UPLOAD_FAILED", error_code: "AccessDenied" } });
    expect(set.fake.routes()).not.toContain(commitRoute);
    expect(findLeaks(set, ended)).toEqual([]);
  });

  test("1: nobody listens there", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const { push } = await setUp();
    const ended = await push(["--json"], { BASETEN_MANAGEMENT_API_URL_OVERRIDE: `http://127.0.0.1:${port}` });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("ECONNREFUSED");
  });

  test("2: flags that cannot go together, before anything is asked", async () => {
    const { fake, push } = await setUp();
    expect(await push(["--promote", "--environment", "x", "--json"])).toMatchObject({ code: 2, stdout: "" });
    expect(await push(["--labels", "[1]", "--json"])).toMatchObject({ code: 2, stdout: "" });
    expect(fake.seen).toEqual([]);
  });

  test("2: nobody has named the model", async () => {
    const { fake, push } = await setUp({}, { "config.yaml": "resources:\n  cpu: '1'\n" });
    const ended = await push(["--json"]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("model_name");
    expect(fake.seen).toEqual([]);
  });
});

describe("a read is tried again", () => {
  test("after a 429 that says how long, a 503 and a broken connection", async () => {
    const { fake, push } = await setUp({ models });
    fake.fault("GET /v1/models", faults.status(429, { message: "slow down", retry_after: 1 }));
    fake.fault("GET /v1/models", faults.status(503, {}, { "retry-after": "0" }));
    fake.fault("GET /v1/models", faults.cutAnswer());
    fake.fault("POST /v1/prepare_model_upload", faults.status(429, {}, { "retry-after": "0" }));
    const ended = await push(["--json"]);
    expect(ended.code).toBe(0);
    expect(fake.routes().filter((route) => route === "GET /v1/models")).toHaveLength(4);
    expect(ended.stderr).toContain("Baseten asks for a pause (429). Trying again in 1.0 s.");
    expect(fake.complaints).toEqual([]);
  });
});

describe("Ctrl-C", () => {
  test("before the commit: nothing was deployed", async () => {
    const { fake, begin } = await setUp({ models });
    fake.s3.fault("PUT *", (request) => void request.resume(), 99);
    const { child, ended } = begin(["--json"]);
    await expect.poll(() => fake.s3.seen.length, patience).toBeGreaterThan(0);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain("nothing was deployed");
    expect(fake.routes()).not.toContain(commitRoute);
  });

  test("while waiting: what goes on at the platform, and where", async () => {
    const { fake, begin } = await setUp({ models, statuses: ["BUILDING"] });
    const { child, ended } = begin(["--wait", "--json"]);
    await expect.poll(() => fake.state.looks, patience).toBeGreaterThan(0);
    child.kill("SIGINT");
    const { code, stderr, stdout } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain("deployment deployment-1 of model model-1 goes on at Baseten");
    expect(stderr).toContain("/models/model-1/logs/deployment-1");
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "INTERRUPTED", deployment: { id: "deployment-1" } } });
  });
});
