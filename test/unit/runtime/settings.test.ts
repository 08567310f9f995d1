import { expect, it } from "vitest";
import { ownRuntimeKeys } from "../../../src/project/own-keys.ts";
import { readSettings } from "../../../src/runtime/settings.ts";

const own = {
  drain_timeout: 5,
  streaming_keep_alive: 3,
  max_body_size: 100,
  request_timeout: 0.5,
  max_queue: 0,
  queue_timeout: 1.5,
};

it("reads our keys in runtime and, where Truss lets them pass, in model_metadata.truss_ts.runtime", () => {
  const short = readSettings({ runtime: { predict_concurrency: 2, ...own } });
  const long = readSettings({ runtime: { predict_concurrency: 2 }, model_metadata: { truss_ts: { runtime: own } } });
  expect(short).toMatchObject({
    predictConcurrency: 2,
    drainTimeoutMs: 5000,
    queue: { maxQueue: 0, queueTimeoutMs: 1500 },
    app: { keepAliveMs: 3000, maxBodyBytes: 100, requestTimeoutMs: 500 },
  });
  expect(long).toEqual(short);
  expect(ownRuntimeKeys).toEqual(expect.arrayContaining(Object.keys(own)));
});

it("prefers those in model_metadata.truss_ts.runtime", () => {
  const config = {
    runtime: { drain_timeout: 1 },
    model_metadata: { truss_ts: { runtime: { drain_timeout: 2 } } },
  };
  expect(readSettings(config).drainTimeoutMs).toBe(2000);
  const empty = { ...config, model_metadata: { truss_ts: { runtime: { drain_timeout: null } } } };
  expect(readSettings(empty).drainTimeoutMs).toBe(1000);
});
