import { isTrussError } from "../errors.ts";
import type { Reporter } from "../events.ts";
import { type Slice, cut, emptySha256, hashSlice, readSlice } from "./archive-slice.ts";
import type { Variables } from "./folders.ts";
import { NetworkFailure } from "./network-failure.ts";
import { type Clock, systemClock } from "./patience.ts";
import { describeS3Refusal, elementIn, isPassing } from "./s3-errors.ts";
import { type S3Request, type UploadTicket, sendToS3 } from "./s3-request.ts";
import type { Answer } from "./transport.ts";

export interface UploadOptions {
  /** The archive. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly report: Reporter;
  readonly signal: AbortSignal;
  readonly env?: Variables;
  readonly clock?: Clock;
  /** Up to here an archive goes in one request. Bytes. @default 64 MiB */
  readonly singleLimit?: number;
  /** Bytes. @default 8 MiB */
  readonly partSize?: number;
}

const mebibyte = 1024 * 1024;
/** S3 takes no more parts than these. */
const mostParts = 10_000;
const partsAtOnce = 4;
const mostTries = 5;
/** A single request that broke so often is followed by parts, whose first request tells of faults without a body. */
const singleTries = 2;
const abortMs = 5_000;

interface Upload {
  readonly send: (request: S3Request) => Promise<Answer>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: ReturnType<typeof createProgress>;
}

/**
 * Puts an archive where the ticket says: small ones in one request, others in parts. What breaks on the way is sent
 * again. Throws a `TrussError`: UPLOAD_FAILED, NETWORK_FAILED.
 */
export async function uploadArchive(ticket: UploadTicket, options: UploadOptions): Promise<void> {
  const { file, size, report, signal, env = process.env, clock = systemClock } = options;
  const upload: Upload = {
    send: (request) => sendToS3(ticket, env, { signal, ...request }),
    clock,
    signal,
    progress: createProgress(report, size),
  };
  const wanted = options.partSize ?? 8 * mebibyte;
  const parts = cut(file, size, Math.max(wanted, Math.ceil(size / mostParts)));
  if (size <= (options.singleLimit ?? 64 * mebibyte) && (await putWhole(upload, { file, start: 0, size }))) return;
  await putInParts(upload, parts);
}

/** False where the connection broke again and again. */
async function putWhole(upload: Upload, slice: Slice): Promise<boolean> {
  try {
    await putSlice(upload, slice, { tries: singleTries });
    return true;
  } catch (error) {
    if (error instanceof NetworkFailure && error.sent) return false;
    throw error;
  }
}

async function putInParts(upload: Upload, parts: readonly Slice[]): Promise<void> {
  const begun = await persist(upload, () => upload.send(withoutBody("POST", "uploads")));
  const id = encodeURIComponent(elementIn(begun.text, "UploadId"));
  if (id === "") throw describeS3Refusal(begun);
  try {
    const tags = await putAll(upload, parts, id);
    await complete(upload, id, tags);
  } catch (error) {
    await forget(upload, id);
    throw error;
  }
}

/** A few at once, each as soon as another is through; the first that fails ends all. */
async function putAll(upload: Upload, parts: readonly Slice[], id: string): Promise<string[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([upload.signal, failed.signal]);
  const tags: string[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < parts.length && !signal.aborted; index = next++) {
      const slice = parts[index];
      if (slice === undefined) return;
      const query = `partNumber=${index + 1}&uploadId=${id}`;
      const { headers } = await putSlice({ ...upload, signal }, slice, { query, tries: mostTries });
      tags[index] = headers.get("etag") ?? "";
    }
  };
  const guarded = async () => {
    try {
      await worker();
    } catch (error) {
      // What the others then throw is this one's reason.
      if (!signal.aborted) failed.abort(error);
      throw signal.reason;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: partsAtOnce }, guarded));
  if (ended.some(({ status }) => status === "rejected")) throw signal.reason;
  return tags;
}

async function complete(upload: Upload, id: string, tags: readonly string[]): Promise<void> {
  const items = tags.map(
    (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escape(tag)}</ETag></Part>`,
  );
  const body = `<CompleteMultipartUpload>${items.join("")}</CompleteMultipartUpload>`;
  const bytes = new TextEncoder().encode(body);
  const sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
  const request: S3Request = { method: "POST", query: `uploadId=${id}`, body, size: bytes.byteLength, sha256 };
  const answer = await persist(upload, () => upload.send(request));
  // S3 begins its answer before it knows how it ends.
  if (answer.text.includes("<Error>")) throw describeS3Refusal(answer);
}

/** Parts that stay would be paid for. If it does not work the bucket's own rules take them away. */
async function forget({ send }: Upload, id: string): Promise<void> {
  const request = withoutBody("DELETE", `uploadId=${id}`);
  await send({ ...request, signal: AbortSignal.timeout(abortMs) }).catch(() => undefined);
}

async function putSlice(
  upload: Upload,
  slice: Slice,
  { query, tries }: { readonly query?: string; readonly tries: number },
): Promise<Answer> {
  const sha256 = await hashSlice(slice);
  const request: S3Request = { method: "PUT", size: slice.size, sha256, ...(query === undefined ? {} : { query }) };
  const attempt = async () => {
    const account = upload.progress.open();
    try {
      const body = account.count(readSlice(slice));
      const answer = await upload.send({ ...request, body, signal: upload.signal });
      if (answer.status > 299) account.revoke();
      return answer;
    } catch (error) {
      account.revoke();
      throw error;
    }
  };
  return persist(upload, attempt, tries);
}

/** Tries again what broke on the way, or what S3 says may pass. */
async function persist(upload: Upload, attempt: () => Promise<Answer>, tries: number = mostTries): Promise<Answer> {
  for (let times = 1; ; times++) {
    try {
      const answer = await attempt();
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (!isPassing(answer) || times >= tries) throw describeS3Refusal(answer);
    } catch (error) {
      upload.signal.throwIfAborted();
      if (!isTrussError(error) || !(error instanceof NetworkFailure) || times >= tries) throw error;
    }
    await upload.clock.sleep(500 * 2 ** (times - 1), upload.signal);
  }
}

function withoutBody(method: "POST" | "DELETE", query: string): S3Request {
  return { method, query, size: 0, sha256: emptySha256 };
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** One sum for all that is on its way; what must be sent again is taken off it. */
function createProgress(report: Reporter, total: number) {
  let done = 0;
  const add = (count: number) => report({ event: "progress", task: "Uploading", done: (done += count), total });
  const open = () => {
    let own = 0;
    let isOpen = true;
    return {
      async *count(pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          yield piece;
          // A piece may still be asked for after the connection has broken.
          if (!isOpen) return;
          own += piece.byteLength;
          add(piece.byteLength);
        }
      },
      revoke: () => {
        if (isOpen && own > 0) add(-own);
        isOpen = false;
      },
    };
  };
  return { open };
}
