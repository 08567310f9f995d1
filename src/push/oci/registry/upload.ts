import { open } from "node:fs/promises";
import { TrussError, exitCodes, isTrussError } from "../../../errors.ts";
import { readBlob } from "../blob-store.ts";
import type { Blob, Repository } from "../types.ts";
import { type ClientContext, type RepositoryClient, backOff, isPassingError } from "./client.ts";
import { type HttpAnswer, type HttpBody, headerOf } from "./http.ts";

/** What became of a blob: it was there, was taken over from a sister repository, or was sent. */
export type Upload = "present" | "mounted" | "sent";

const attempts = 5;
/** Sent as one where it fits, and in pieces of this size where one was too much for the registry or the network. */
const pieceBytes = 16 << 20;

/** Makes sure that a repository has a blob; its bytes are looked at only when they must be sent. */
export async function uploadBlob(client: RepositoryClient, blob: Blob, context: ClientContext): Promise<Upload> {
  const { digest } = blob.descriptor;
  const found = await client.ask({ method: "HEAD", to: `blobs/${digest}` });
  found.body.resume();
  if (found.status === 200) return "present";
  // Some say 403 to a stranger's HEAD and let him upload; what is really forbidden is refused again below.
  if (![404, 403].includes(found.status)) throw await client.refused(found);
  const session = await mountOrStart(client, blob);
  if (session === undefined) return "mounted";
  await sendPatiently(client, blob, session, context);
  return "sent";
}

/** Undefined: the registry has taken it over by itself. */
async function mountOrStart(client: RepositoryClient, { descriptor, origin }: Blob): Promise<URL | undefined> {
  const from = origin !== undefined && isSister(origin, client.repository) ? origin.name : undefined;
  const query = from === undefined ? "" : `?${new URLSearchParams({ mount: descriptor.digest, from })}`;
  const answer = await client.ask({ method: "POST", to: `blobs/uploads/${query}`, headers: { "content-length": "0" } });
  if (answer.status === 201 && from !== undefined) {
    answer.body.resume();
    return undefined;
  }
  return nextLocation(client, answer, 202);
}

function isSister(one: Repository, other: Repository): boolean {
  return one.registry === other.registry && one.name !== other.name;
}

async function sendPatiently(client: RepositoryClient, blob: Blob, first: URL, context: ClientContext): Promise<void> {
  const file = await blob.file();
  const { size } = blob.descriptor;
  let session: URL | undefined = first;
  let inPieces = false;
  for (let attempt = 0; ; attempt++) {
    try {
      session ??= await startAgain(client);
      const answer: HttpAnswer = inPieces
        ? await sendPieces(client, blob, file, session, context)
        : await sendWhole(client, blob, file, session, context);
      answer.body.resume();
      if (answer.status === 201 || answer.status === 204) return;
      const tooMuch = answer.status === 413 && !inPieces;
      const lost = answer.status === 404 || answer.status === 416 || answer.status >= 500;
      if ((!tooMuch && !lost) || attempt + 1 >= attempts) throw await client.refused(answer);
    } catch (error) {
      context.signal.throwIfAborted();
      const cause = isTrussError(error) ? error.cause : error;
      if (!isPassingError(cause) || attempt + 1 >= attempts) throw error;
      await backOff(attempt, context.signal);
    }
    // Another session: what the registry made of the last one is not known.
    session = undefined;
    inPieces = size > pieceBytes;
  }
}

async function startAgain(client: RepositoryClient): Promise<URL> {
  const answer = await client.ask({ method: "POST", to: "blobs/uploads/", headers: { "content-length": "0" } });
  return nextLocation(client, answer, 202);
}

const octets = { "content-type": "application/octet-stream" };

function sendWhole(
  client: RepositoryClient,
  blob: Blob,
  file: string,
  session: URL,
  context: ClientContext,
): Promise<HttpAnswer> {
  const { size } = blob.descriptor;
  const body: HttpBody = { size, open: () => readBlob(file) };
  const onSent = progressOf(blob, context);
  return client.ask({ method: "PUT", to: finalUrl(session, blob), headers: octets, body, onSent, retries: 0 });
}

/** One PATCH after another, each with its place, and an empty PUT at the end. */
async function sendPieces(
  client: RepositoryClient,
  blob: Blob,
  file: string,
  session: URL,
  context: ClientContext,
): Promise<HttpAnswer> {
  const { size } = blob.descriptor;
  const tell = progressOf(blob, context);
  const handle = await open(file);
  try {
    let to = session;
    for (let start = 0; start < size; start += pieceBytes) {
      const length = Math.min(pieceBytes, size - start);
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, start);
      const headers = { ...octets, "content-range": `${start}-${start + length - 1}` };
      const body: HttpBody = { size: length, open: () => [buffer] };
      const answer = await client.ask({ method: "PATCH", to, headers, body, retries: 0 });
      if (answer.status !== 202) return answer;
      to = await nextLocation(client, answer, 202);
      tell(start + length);
    }
    const nothing: HttpBody = { size: 0, open: () => [] };
    return await client.ask({ method: "PUT", to: finalUrl(to, blob), headers: octets, body: nothing, retries: 0 });
  } finally {
    await handle.close();
  }
}

/** Registries put their own state into the query, which must stay. */
function finalUrl(session: URL, { descriptor }: Blob): URL {
  const url = new URL(session);
  // Added as text: changing searchParams would write the rest of the query anew, which some registries have signed.
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(descriptor.digest)}`;
  return url;
}

async function nextLocation(client: RepositoryClient, answer: HttpAnswer, expected: number): Promise<URL> {
  if (answer.status !== expected) throw await client.refused(answer);
  answer.body.resume();
  const location = headerOf(answer, "location");
  if (location !== undefined && URL.canParse(location, answer.url.href)) {
    const next = new URL(location, answer.url);
    // Some behind a proxy name themselves by the protocol that they hear.
    if (next.protocol === "http:" && answer.url.protocol === "https:") next.protocol = "https:";
    return next;
  }
  throw new TrussError("REGISTRY_FAILED", `${client.repository.registry} began an upload without saying where to.`, {
    exitCode: exitCodes.platform,
  });
}

function progressOf({ kind, descriptor }: Blob, { report }: ClientContext): (done: number) => void {
  const task = `pushing the ${kind === undefined ? "config" : `${kind} layer`} ${descriptor.digest.slice(7, 19)}`;
  return (done) => report({ event: "progress", task, done, total: descriptor.size });
}
