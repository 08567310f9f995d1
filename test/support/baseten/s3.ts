import { mkdtemp, rm } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFaults, listen } from "./http.ts";

export const bucket = "baseten-uploads";
/** The one pair of keys that s3rver knows; it checks each signature against it. */
const accessKeyId = "S3RVER";
const secretAccessKey = "S3RVER";
export const sessionToken = "canary-session-token-FwoGZXIvYXdzE";

export const uploadCreds = {
  aws_access_key_id: accessKeyId,
  aws_secret_access_key: secretAccessKey,
  aws_session_token: sessionToken,
};

interface S3rver {
  configureBuckets(): Promise<unknown>;
  callback(): RequestListener;
  readonly store: {
    getObject(bucket: string, key: string): Promise<{ readonly content: AsyncIterable<Buffer> } | undefined>;
  };
}

type S3rverClass = new (options: Readonly<Record<string, unknown>>) => S3rver;

export interface S3Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** s3rver on loopback. Stricter than it: a request without signature, session token or length is a complaint. */
export async function startS3(complain: (text: string) => void) {
  const directory = await mkdtemp(join(tmpdir(), "truss-ts-s3-"));
  const require = createRequire(import.meta.url);
  const S3rver = require("@20minutes/s3rver") as S3rverClass;
  const server = new S3rver({ directory, silent: true, configureBuckets: [{ name: bucket }], vhostBuckets: false });
  await server.configureBuckets();
  const handle = server.callback();
  const faults = createFaults();
  const seen: S3Seen[] = [];
  const { url, close } = await listen((request, response) => {
    const { method = "", url: target = "", headers } = request;
    seen.push({ method, target, headers });
    if (!(headers.authorization ?? "").startsWith("AWS4-HMAC-SHA256 ")) complain(`${method} ${target} is not signed`);
    if (headers["x-amz-security-token"] !== sessionToken) complain(`${method} ${target} has no session token`);
    if (!/^[0-9a-f]{64}$/.test(String(headers["x-amz-content-sha256"]))) complain(`${method} ${target} has no digest`);
    if (method === "PUT" && headers["content-length"] === undefined) complain(`${method} ${target} has no length`);
    if (headers["transfer-encoding"] !== undefined) complain(`${method} ${target} is chunked, which S3 refuses`);
    const fault = faults.take(request);
    if (fault === undefined) return void handle(request, response);
    return fault(request, response);
  });
  return {
    url,
    seen,
    fault: faults.add,
    /** The object's bytes, if it is there. */
    read: async (key: string): Promise<Buffer | undefined> => {
      const object = await server.store.getObject(bucket, key);
      if (object === undefined || object === null) return undefined;
      const chunks: Buffer[] = [];
      for await (const chunk of object.content) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    close: async () => {
      close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** As S3 answers what it refuses; real answers quote the request's headers, and so does this one. */
export function s3Error(code: string, message: string, more = ""): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<CanonicalRequest>x-amz-security-token:${sessionToken}</CanonicalRequest></Error>`;
}
