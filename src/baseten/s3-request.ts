import { AwsV4Signer } from "aws4fetch";
import type { Variables } from "./folders.ts";
import { type Answer, type Exchange, exchange } from "./transport.ts";

/** Where an archive may be put, and the short-lived credentials for it. */
export interface UploadTicket {
  readonly bucket: string;
  readonly key: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface S3Request {
  readonly method: "PUT" | "POST" | "DELETE";
  /** `uploads`, or `partNumber=1&uploadId=…`. */
  readonly query?: string;
  readonly body?: string | AsyncIterable<Uint8Array>;
  /** Bytes of the body. */
  readonly size: number;
  /** Of the body, in hexadecimal: signed along, so that S3 refuses what was damaged on the way. */
  readonly sha256: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request signed with the ticket; nothing of the user's own AWS settings is read. */
export async function sendToS3(ticket: UploadTicket, env: Variables, request: S3Request): Promise<Answer> {
  const { method, query, body, size, sha256, signal } = request;
  const signed = await new AwsV4Signer({
    method,
    url: `${objectUrl(ticket, env)}${query === undefined ? "" : `?${query}`}`,
    headers: { "x-amz-content-sha256": sha256 },
    accessKeyId: ticket.accessKeyId,
    secretAccessKey: ticket.secretAccessKey,
    sessionToken: ticket.sessionToken,
    region: ticket.region,
    service: "s3",
  }).sign();
  const call: Exchange = {
    method,
    url: signed.url,
    headers: { ...Object.fromEntries(signed.headers), "content-length": String(size) },
    signal,
  };
  return exchange(body === undefined ? call : { ...call, body });
}

/** `TRUSS_TS_S3_ENDPOINT` takes the bucket in the path, as stand-ins for S3 do. */
export function objectUrl({ bucket, key, region }: UploadTicket, env: Variables): string {
  const path = key.split("/").map(encodeURIComponent).join("/");
  const endpoint = env["TRUSS_TS_S3_ENDPOINT"]?.trim().replace(/\/+$/, "") ?? "";
  if (endpoint !== "") return `${endpoint}/${bucket}/${path}`;
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  // The certificate of S3 does not cover a name with further dots.
  return bucket.includes(".") ? `https://${host}/${bucket}/${path}` : `https://${bucket}.${host}/${path}`;
}
