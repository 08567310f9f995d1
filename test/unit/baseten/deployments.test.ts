import { describe, expect, test } from "vitest";
import type { BasetenClient } from "../../../src/baseten/client.ts";
import { waitForDeployment } from "../../../src/baseten/deployments.ts";
import type { Clock } from "../../../src/baseten/patience.ts";
import { resolveRemote } from "../../../src/baseten/remote.ts";
import { TrussError, isTrussError } from "../../../src/errors.ts";

type Look = string | TrussError;

const notFound = new TrussError("API_NOT_FOUND", "no such deployment");

/** What is found, second by second of a clock that costs no time; the last one stays. `n*STATUS` is n times. */
async function wait(looks: readonly Look[], timeoutMs?: number) {
  let time = 0;
  const clock: Clock = {
    now: () => time,
    sleep: async (ms) => {
      time += ms;
    },
  };
  const queue = [...looks];
  const request: BasetenClient["request"] = async () => {
    const look = queue.length > 1 ? queue.shift() : queue[0];
    if (isTrussError(look)) throw look;
    return { id: "d", status: look };
  };
  const told: string[] = [];
  const client = { remote: resolveRemote({}), request };
  const work = waitForDeployment(
    client,
    { modelId: "m", deploymentId: "d" },
    {
      clock,
      timeoutMs,
      signal: new AbortController().signal,
      report: (event) => void (event.event === "note" && told.push(event.message)),
    },
  );
  const result = await work.catch((error: unknown) => error);
  return { result, told, seconds: Math.round(time / 1000) };
}

const times = (count: number, look: Look): Look[] => Array.from({ length: count }, () => look);

describe("a wait", () => {
  test("ends when the deployment answers, and tells of each status once", async () => {
    const { result, told, seconds } = await wait([...times(3, "BUILDING"), "DEPLOYING", "LOADING_MODEL", "ACTIVE"]);
    expect(result).toMatchObject({ status: "ACTIVE", deployment: { id: "d", status: "ACTIVE" } });
    expect(told).toEqual(["0 s  BUILDING", "3 s  DEPLOYING", "4 s  LOADING_MODEL", "5 s  ACTIVE"]);
    expect(seconds).toBe(5);
  });

  test("goes on through SCALED_TO_ZERO and WAKING_UP", async () => {
    const looks = ["BUILDING", ...times(40, "SCALED_TO_ZERO"), ...times(3, "WAKING_UP"), "UPDATING", "ACTIVE"];
    expect(await wait(looks)).toMatchObject({ result: { status: "ACTIVE" } });
  });

  test("ends well when SCALED_TO_ZERO lasts", async () => {
    const { result, seconds } = await wait(["BUILDING", "SCALED_TO_ZERO"]);
    expect(result).toMatchObject({ status: "SCALED_TO_ZERO" });
    expect(seconds).toBeGreaterThanOrEqual(120);
    expect(seconds).toBeLessThan(130);
  });

  test("counts SCALED_TO_ZERO anew when it comes back", async () => {
    const { seconds } = await wait([...times(50, "SCALED_TO_ZERO"), "WAKING_UP", "SCALED_TO_ZERO"]);
    expect(seconds).toBeGreaterThan(170);
  });

  test.each([
    ["BUILD_FAILED"],
    ["DEPLOY_FAILED"],
    ["BUILD_STOPPED"],
    ["FAILED"],
    ["UNHEALTHY"],
    ["DEACTIVATING"],
    ["INACTIVE"],
  ])("ends badly with %s, at once", async (status) => {
    const { result, seconds } = await wait(["BUILDING", status, "ACTIVE"]);
    expect(result).toMatchObject({ code: "DEPLOYMENT_FAILED", exitCode: 1, details: { deployment: { status } } });
    expect(seconds).toBe(1);
  });

  test("gives a status that it does not know a minute", async () => {
    expect(await wait([...times(50, "POLISHING"), "ACTIVE"])).toMatchObject({ result: { status: "ACTIVE" } });
    const { result, seconds } = await wait(["POLISHING"]);
    expect(result).toMatchObject({ code: "DEPLOYMENT_FAILED" });
    expect(String(result)).toContain("POLISHING");
    expect(seconds).toBeGreaterThanOrEqual(60);
  });

  test("gives a deployment that is not found half a minute", async () => {
    expect(await wait([...times(29, notFound), "ACTIVE"])).toMatchObject({ result: { status: "ACTIVE" } });
    const { result, seconds } = await wait([notFound]);
    expect(result).toMatchObject({ code: "API_NOT_FOUND" });
    expect(seconds).toBe(30);
  });

  test("ends when the time is over, at most a second late", async () => {
    const { result, seconds } = await wait(["BUILDING"], 90_500);
    expect(result).toMatchObject({ code: "DEPLOYMENT_TIMEOUT", exitCode: 1, details: { deployment: { id: "d" } } });
    expect(String(result)).toContain("still BUILDING");
    expect(seconds).toBeLessThanOrEqual(91);
  });
});
