import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Route, type SeenRequest, goodKey, startFake } from "./account-server.ts";
import { makeFolder, run, start } from "./init-run.ts";

const wait = { timeout: 30_000 };
const home = "/v1/models/m1/environments/production";
const deployment = "/v1/models/m1/deployments/d1";

const lineAt = (ms: number, message: string, more = {}) => ({
  timestamp: `${ms}000000`,
  message,
  replica: "abcde",
  ...more,
});

/** Gives what was logged from the asked moment on, as the platform does. */
function answer(known: () => readonly { readonly timestamp: string }[]): Route {
  return ({ query }: SeenRequest) => {
    const from = BigInt(query.get("start_epoch_millis") ?? 0) * 1_000_000n;
    return { logs: known().filter(({ timestamp }) => BigInt(timestamp) >= from) };
  };
}

async function setUp(routes: Readonly<Record<string, Route>>) {
  const folder = makeFolder();
  writeFileSync(join(folder, "config.yaml"), "model_name: talker\n");
  const models = { models: [{ id: "m1", name: "talker" }] };
  const fake = await startFake({ "GET /v1/models": () => models, ...routes }, folder);
  const options = { cwd: folder, env: { ...fake.env, BASETEN_API_KEY: goodKey } };
  return { fake, options, command: (...args: string[]) => run(["logs", ...args], options) };
}

describe("logs", () => {
  test("shows the last half hour of production, oldest first", async () => {
    const now = Date.now();
    const lines = [lineAt(now - 1_000, "second", { level: "ERROR" }), lineAt(now - 2_000, "first", { replica: null })];
    const { fake, command } = await setUp({ [`GET ${home}/logs`]: answer(() => lines) });
    const { code, stdout, stderr } = await command();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]: first\n\[.{19}\]: \(abcde\) second\n$/);
    const asked = Number(fake.seen.at(-1)?.query.get("start_epoch_millis"));
    expect(asked).toBeGreaterThanOrEqual(now - 1_800_000);
    expect(asked).toBeLessThanOrEqual(Date.now() - 1_800_000);
  });

  test("asks with the filters, and prints JSON lines", async () => {
    const when = Date.parse("2026-01-31T12:00:00Z");
    const line = lineAt(when, "hi", { level: "INFO", request_id: "r1" });
    const { fake, command } = await setUp({ [`GET ${deployment}/logs`]: answer(() => [line]) });
    const filters = ["--min-level", "warning", "--includes", "a", "--includes", "b", "--excludes", "c"];
    const more = ["--search-pattern", "x|y", "--replica", "abcde", "--request-id", "r1"];
    const place = ["--model-id", "m1", "--deployment-id", "d1"];
    const window = ["--start", "2026-01-31T11:00:00Z", "--end", "2026-01-31T13:00:00Z"];
    const { code, stdout } = await command(...place, ...window, ...filters, ...more, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      timestamp: line.timestamp,
      time: "2026-01-31T12:00:00.000Z",
      level: "INFO",
      replica: "abcde",
      request_id: "r1",
      message: "hi",
    });
    expect(fake.seen.map(({ path }) => path)).toEqual([`${deployment}/logs`]);
    expect(fake.seen[0]?.query.toString()).toBe(
      `direction=asc&limit=1000&start_epoch_millis=${when - 3_600_000}&end_epoch_millis=${when + 3_600_000}` +
        "&min_level=WARNING&replica=abcde&request_id=r1&search_pattern=x%7Cy&includes=a&includes=b&excludes=c",
    );
  });

  test("says so where there is nothing", async () => {
    const { command } = await setUp({ [`GET ${home}/logs`]: () => ({ logs: [] }) });
    expect(await command()).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("no such lines") });
  });

  test("follows until the deployment has ended, each line once", async () => {
    const now = Date.now();
    const lines = [lineAt(now, "a")];
    const statuses = ["BUILDING", "BUILD_FAILED"];
    const { command } = await setUp({
      [`GET ${deployment}`]: () => {
        lines.push(lineAt(now + lines.length, `b${lines.length}`));
        return { status: statuses.shift() ?? "BUILD_FAILED" };
      },
      [`GET ${deployment}/logs`]: answer(() => lines),
    });
    const { code, stdout, stderr } = await command("--deployment", "d1", "--tail", "--since", "1m", "--json");
    expect(code).toBe(0);
    expect(stdout.match(/"message":"\w+"/g)).toEqual([
      '"message":"a"',
      '"message":"b1"',
      '"message":"b2"',
      '"message":"b3"',
    ]);
    expect(stderr).toBe("The deployment is BUILD_FAILED: no more lines will come\n");
  });

  test.each([
    ["Ctrl-C", "SIGINT", 130],
    ["its reader", undefined, 0],
  ] as const)("ends with %s while it follows", async (_name, signal, code) => {
    let count = 0;
    const { fake, options } = await setUp({
      [`GET ${home}`]: () => ({ name: "production", current_deployment: { id: "d1", status: "ACTIVE" } }),
      [`GET ${home}/logs`]: () => ({ logs: [lineAt(Date.now(), `line ${++count}`)] }),
    });
    const { child, ended } = start(["logs", "--tail"], options);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    if (signal === undefined) child.stdout?.destroy();
    else child.kill(signal);
    expect(await ended).toMatchObject({ code });
    expect(fake.seen.some(({ path }) => path === home)).toBe(true);
  });

  test("waits out a platform that stumbles", async () => {
    const now = Date.now();
    let looks = 0;
    const { command } = await setUp({
      [`GET ${deployment}`]: (_request, response) => {
        looks += 1;
        if (looks === 1) return response.writeHead(404).end("{}");
        return { status: looks < 3 ? "DEPLOYING" : "INACTIVE" };
      },
      [`GET ${deployment}/logs`]: answer(() => [lineAt(now, "a")]),
    });
    const { code, stdout, stderr } = await command("--model-id", "m1", "--deployment", "d1", "--tail");
    expect({ code, lines: stdout.split("\n").length }).toEqual({ code: 0, lines: 2 });
    expect(stderr).toContain("The log cannot be read at the moment");
  });

  test("of a model that is not there is exit code 4", async () => {
    const { command } = await setUp({});
    expect(await command("--model-name", "nobody")).toMatchObject({ code: 4, stdout: "" });
    expect(await command()).toMatchObject({ code: 4, stdout: "" });
  });

  test.each([
    [["--since", "8d"]],
    [["--since", "1h", "--start", "2026-01-01"]],
    [["--tail", "--end", "2026-01-01"]],
    [["--min-level", "loud"]],
    [["--environment", "e", "--deployment", "d"]],
    [["--model-id", "m", "--model-name", "n"]],
  ])("refuses %j with exit code 2", async (args) => {
    const { fake, command } = await setUp({});
    expect(await command(...args)).toMatchObject({ code: 2, stdout: "" });
    await expect.poll(() => fake.seen.length, wait).toBe(0);
  });
});
