import { isTrussError } from "../../../errors.ts";
import { BlobMismatch, type BlobStore, type ByteSource } from "../blob-store.ts";
import { readFile } from "node:fs/promises";
import { digestOf, isDigest } from "../digest.ts";
import { type BaseContent, readBaseImage } from "../base/content.ts";
import { asString, parseObject } from "../json.ts";
import { invalidBase, isManifestType, manifestLimit } from "../manifest.ts";
import { type ImageReference, formatReference } from "../reference.ts";
import { type Base, type Descriptor, type Layer, mediaTypes } from "../types.ts";
import {
  type ClientContext,
  type RepositoryClient,
  backOff,
  createRepositoryClient,
  isPassingError,
} from "./client.ts";
import { headerOf, readBody } from "./http.ts";

/** What fetching a base needs. */
export interface PullContext extends ClientContext {
  readonly store: BlobStore;
}

const accepted = [mediaTypes.index, mediaTypes.dockerList, mediaTypes.manifest, mediaTypes.dockerManifest].join(", ");

/** A base in a registry. Layers are fetched only when somebody asks for their bytes. */
export async function openRegistryBase(reference: ImageReference, context: PullContext): Promise<Base> {
  const name = formatReference(reference);
  const client = createRepositoryClient(reference, "pull from", context);
  const content = registryContent(name, client, context);
  const root = await findRoot(reference, client, context);
  return {
    name,
    digest: root.digest,
    portable: true,
    pinned: reference.digest !== undefined,
    image: (platform) => readBaseImage(content, root, platform),
  };
}

/** The manifest that a reference stands for at the moment; kept ones are not fetched again. */
async function findRoot(
  reference: ImageReference,
  client: RepositoryClient,
  context: PullContext,
): Promise<Descriptor> {
  const { digest, tag = "latest" } = reference;
  const wanted = digest ?? (await resolveTag(client, tag));
  const kept = wanted === undefined ? undefined : await readKept(wanted, context.store);
  if (kept !== undefined) return kept;
  return fetchManifest(reference, client, wanted ?? tag, context);
}

/** Asked by HEAD, which Docker Hub does not count as a pull. */
async function resolveTag(client: RepositoryClient, tag: string): Promise<string | undefined> {
  const answer = await client.ask({ method: "HEAD", to: `manifests/${tag}`, headers: { accept: accepted } });
  answer.body.resume();
  const digest = headerOf(answer, "docker-content-digest");
  return answer.status === 200 && digest !== undefined && isDigest(digest) ? digest : undefined;
}

async function readKept(digest: string, store: BlobStore): Promise<Descriptor | undefined> {
  const { size, mediaType } = (await store.readNote(noteName(digest))) ?? {};
  if (typeof size !== "number" || typeof mediaType !== "string") return undefined;
  return (await store.find(digest, size)) === undefined ? undefined : { digest, size, mediaType };
}

async function fetchManifest(
  reference: ImageReference,
  client: RepositoryClient,
  wanted: string,
  { store }: PullContext,
): Promise<Descriptor> {
  const name = formatReference(reference);
  const answer = await client.ask({ method: "GET", to: `manifests/${wanted}`, headers: { accept: accepted } });
  if (answer.status !== 200) throw await client.refused(answer);
  const bytes = await readBody(answer, manifestLimit);
  const digest = digestOf(bytes);
  if (isDigest(wanted) && digest !== wanted) {
    throw invalidBase(name, `the registry answered with other content (${digest}) than was asked for (${wanted})`);
  }
  const header = headerOf(answer, "content-type")?.split(";")[0]?.trim();
  const mediaType = asString(parseObject(bytes)?.["mediaType"]) ?? header ?? "";
  if (!isManifestType(mediaType)) throw invalidBase(name, `its manifest is of the type ${JSON.stringify(mediaType)}`);
  await store.add(digest, bytes.length, once(bytes));
  await store.writeNote(noteName(digest), { size: bytes.length, mediaType });
  return { digest, size: bytes.length, mediaType };
}

function registryContent(name: string, client: RepositoryClient, context: PullContext): BaseContent {
  const { store } = context;
  const fetchBlob = async (descriptor: Descriptor, path: string, task?: string) => {
    const { digest, size } = descriptor;
    return (await store.find(digest, size)) ?? downloadBlob({ name, client, descriptor, path, task }, context);
  };
  return {
    name,
    async read(descriptor) {
      if (descriptor.size > manifestLimit) throw invalidBase(name, `its manifest ${descriptor.digest} is too large`);
      const kind = isManifestType(descriptor.mediaType) ? "manifests" : "blobs";
      return readFile(await fetchBlob(descriptor, `${kind}/${descriptor.digest}`));
    },
    async layer(descriptor, diffId): Promise<Layer> {
      const task = `fetching layer ${descriptor.digest.slice(7, 19)} of the base image`;
      const file = () => fetchBlob(descriptor, `blobs/${descriptor.digest}`, task);
      return { kind: "base", descriptor, diffId, reused: true, file, origin: client.repository };
    },
  };
}

interface Download {
  readonly name: string;
  readonly client: RepositoryClient;
  readonly descriptor: Descriptor;
  readonly path: string;
  readonly task: string | undefined;
}

const downloadAttempts = 4;

/** Begins anew where the bytes end early or are not those that were promised. */
async function downloadBlob(download: Download, { store, report, signal }: PullContext): Promise<string> {
  const { name, client, descriptor, path, task } = download;
  const { digest, size, mediaType } = descriptor;
  for (let attempt = 0; ; attempt++) {
    const headers = isManifestType(mediaType) ? { accept: mediaType } : {};
    const answer = await client.ask({ method: "GET", to: path, headers });
    if (answer.status !== 200) throw await client.refused(answer);
    try {
      const told =
        task === undefined ? undefined : (done: number) => report({ event: "progress", task, done, total: size });
      return await store.add(digest, size, counted(answer.body, told));
    } catch (error) {
      signal.throwIfAborted();
      if (isTrussError(error) || !(error instanceof BlobMismatch || isPassingError(error))) throw error;
      if (attempt + 1 < downloadAttempts) await backOff(attempt, signal);
      else
        throw invalidBase(name, `${digest} could not be fetched whole: ${error instanceof Error ? error.message : ""}`);
    } finally {
      answer.body.destroy();
    }
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, told: ((done: number) => void) | undefined): ByteSource {
  let done = 0;
  for await (const chunk of source) {
    yield chunk;
    told?.((done += chunk.length));
  }
}

async function* once(bytes: Uint8Array): ByteSource {
  yield bytes;
}

function noteName(digest: string): string {
  return `manifest-${digest.slice("sha256:".length)}`;
}
