import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../src/baseten/patience.ts";
import { type UploadTicket, objectUrl } from "../../../src/baseten/s3-request.ts";
import { type UploadOptions, uploadArchive } from "../../../src/baseten/upload.ts";
import { isTrussError } from "../../../src/errors.ts";
import type { TrussEvent } from "../../../src/events.ts";
import { type Fault, faults } from "../../support/baseten/http.ts";
import { bucket, s3Error, sessionToken, startS3, uploadCreds } from "../../support/baseten/s3.ts";

const ticket: UploadTicket = {
  bucket,
  key: "uploads/ä b+c/archive.tar",
  region: "us-west-2",
  accessKeyId: uploadCreds.aws_access_key_id,
  secretAccessKey: uploadCreds.aws_secret_access_key,
  sessionToken,
};
const kibibyte = 1024;
const complaints: string[] = [];
let s3: Awaited<ReturnType<typeof startS3>>;
let folder: string;

beforeEach(async () => {
  complaints.length = 0;
  s3 = await startS3((text) => complaints.push(text));
  folder = await mkdtemp(join(tmpdir(), "truss-ts-upload-"));
});
afterEach(async () => {
  await s3.close();
  await rm(folder, { recursive: true, force: true });
});

/** Waits take no time, but let others have their turn. */
const clock: Clock = { now: systemClock.now, sleep: (_ms, signal) => systemClock.sleep(0, signal) };

async function prepare(size: number, options: Partial<UploadOptions> = {}) {
  const bytes = randomBytes(size);
  const file = join(folder, "archive.tar");
  await writeFile(file, bytes);
  const events: TrussEvent[] = [];
  const whole: UploadOptions = {
    file,
    size,
    report: (event) => events.push(event),
    signal: new AbortController().signal,
    env: { TRUSS_TS_S3_ENDPOINT: s3.url, AWS_ACCESS_KEY_ID: "mine", AWS_SESSION_TOKEN: "mine", AWS_REGION: "mine" },
    clock,
    ...options,
  };
  return { bytes, events, upload: () => uploadArchive(ticket, whole) };
}

/** Small enough that a test need not move megabytes; s3rver does not mind. */
const inParts = { singleLimit: 100 * kibibyte, partSize: 64 * kibibyte };

const refusal = faults.xml;

const count = (method: string, part = "") =>
  s3.seen.filter((seen) => seen.method === method && seen.target.includes(part)).length;

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTrussError(error)) throw new Error(`expected a TrussError, got ${String(error)}`);
  expect(JSON.stringify([error, error.message, error.hint, error.stack])).not.toContain(sessionToken);
  return error;
}

describe("a small archive", () => {
  test.each([0, 1, 70_001, 3_000_000])("of %i bytes goes in one signed PUT, with progress", async (size) => {
    const { bytes, events, upload } = await prepare(size);
    await upload();
    expect((await s3.read(ticket.key))?.equals(bytes)).toBe(true);
    expect(s3.seen.map(({ method }) => method)).toEqual(["PUT"]);
    expect(s3.seen[0]?.headers["content-length"]).toBe(String(size));
    expect(complaints).toEqual([]);
    if (size > 0) expect(events.at(-1)).toEqual({ event: "progress", task: "Uploading", done: size, total: size });
  });

  test.each<[string, Fault]>([
    ["a 503", refusal(503, s3Error("SlowDown", "Please reduce your request rate."))],
    ["a 500 without words", refusal(500, "")],
    ["a broken connection", faults.cutRequest()],
  ])("is sent again after %s, and counted once", async (_what, fault) => {
    s3.fault("PUT *", fault);
    const { bytes, events, upload } = await prepare(300_000);
    await upload();
    expect((await s3.read(ticket.key))?.equals(bytes)).toBe(true);
    expect(count("PUT")).toBe(2);
    expect(events.at(-1)).toMatchObject({ done: 300_000, total: 300_000 });
  });

  test("goes in parts when one request breaks again and again", async () => {
    s3.fault("PUT *", faults.cutRequest(), 2);
    const { bytes, upload } = await prepare(300_000);
    await upload();
    expect((await s3.read(ticket.key))?.equals(bytes)).toBe(true);
    expect(count("POST", "?uploads")).toBe(1);
  });

  test("that is refused is not sent again, and only code and message are told", async () => {
    s3.fault("PUT *", refusal(403, s3Error("AccessDenied", "Access &amp; denied")));
    const { upload } = await prepare(10);
    const error = await failureOf(upload());
    expect(error).toMatchObject({ code: "UPLOAD_FAILED", exitCode: 6, details: { error_code: "AccessDenied" } });
    expect(error.message).toContain("(403): AccessDenied: Access & denied");
    expect(count("PUT")).toBe(1);
  });

  test("whose signature is wrong is refused by S3", async () => {
    const { upload } = await prepare(10);
    await upload();
    const file = join(folder, "archive.tar");
    const options = { file, size: 10, report: () => {}, signal: new AbortController().signal, clock };
    const env = { TRUSS_TS_S3_ENDPOINT: s3.url };
    const wrong = uploadArchive({ ...ticket, secretAccessKey: "wrong" }, { ...options, env });
    expect((await failureOf(wrong)).message).toContain("SignatureDoesNotMatch");
  });

  test("that a wrong clock has signed tells of the clock", async () => {
    const there = new Date(Date.now() - 42 * 60_000).toISOString();
    const body = s3Error("RequestTimeTooSkewed", "The difference is too large.", `<ServerTime>${there}</ServerTime>`);
    s3.fault("PUT *", refusal(403, body));
    const { upload } = await prepare(10);
    expect((await failureOf(upload())).message).toContain("the clock of this machine is 42 minutes ahead");
  });

  test("can be stopped on its way", async () => {
    const stop = new AbortController();
    s3.fault("PUT *", () => stop.abort(new Error("stopped")));
    const { upload } = await prepare(5_000_000, { signal: stop.signal });
    await expect(upload()).rejects.toThrow("stopped");
  });
});

describe("a large archive", () => {
  test("goes in parts, several at once, each sent again if need be", async () => {
    s3.fault("PUT *", refusal(503, ""), 2);
    s3.fault("PUT *", faults.cutRequest(), 2);
    const size = 10 * 64 * kibibyte + 17;
    const { bytes, events, upload } = await prepare(size, inParts);
    await upload();
    expect((await s3.read(ticket.key))?.equals(bytes)).toBe(true);
    expect(count("PUT", "partNumber=")).toBe(11 + 4);
    expect(events.at(-1)).toMatchObject({ done: size, total: size });
    expect(complaints).toEqual([]);
  });

  test("that fails is taken away, so that nobody pays for its parts", async () => {
    s3.fault("PUT *", refusal(403, s3Error("AccessDenied", "No")));
    const { upload } = await prepare(500_000, inParts);
    expect((await failureOf(upload())).message).toContain("AccessDenied");
    expect(count("DELETE", "uploadId=")).toBe(1);
  });

  test("is not there when its end says so within a 200", async () => {
    s3.fault("POST *", refusal(200, `<X><UploadId>abc</UploadId></X>`));
    s3.fault(
      "PUT *",
      (request, response) => {
        request.resume();
        request.on("end", () => response.writeHead(200, { etag: '"x"' }).end());
      },
      99,
    );
    s3.fault("POST *", refusal(200, s3Error("InternalError", "We are sorry")));
    const { upload } = await prepare(500_000, inParts);
    expect((await failureOf(upload())).message).toContain("InternalError: We are sorry");
    expect(count("DELETE", "uploadId=abc")).toBe(1);
  });

  test("can be stopped on its way, and is then taken away", async () => {
    const stop = new AbortController();
    s3.fault("PUT *", () => stop.abort(new Error("stopped")));
    const { upload } = await prepare(500_000, { ...inParts, signal: stop.signal });
    await expect(upload()).rejects.toThrow("stopped");
    expect(count("DELETE", "uploadId=")).toBe(1);
  });
});

describe("the address", () => {
  test.each([
    ["us-west-2", "b", "https://b.s3.us-west-2.amazonaws.com/k/a%20b"],
    ["us-west-2", "b.c", "https://s3.us-west-2.amazonaws.com/b.c/k/a%20b"],
    ["cn-north-1", "b", "https://b.s3.cn-north-1.amazonaws.com.cn/k/a%20b"],
  ])("in %s of bucket %s", (region, name, url) => {
    expect(objectUrl({ ...ticket, region, bucket: name, key: "k/a b" }, {})).toBe(url);
  });
});
