import { TrussError, exitCodes, isTrussError } from "../../../errors.ts";
import { asList, parseObject } from "../json.ts";
import { manifestLimit, parseDescriptor } from "../manifest.ts";
import { type ImageReference, formatReference } from "../reference.ts";
import { type Blob, type BuiltImage, type Descriptor, type Manifest, mediaTypes } from "../types.ts";
import { type ClientContext, type RepositoryClient, createRepositoryClient } from "./client.ts";
import { type HttpAnswer, headerOf, readBody } from "./http.ts";
import { type Upload, uploadBlob } from "./upload.ts";

/** How many blobs are on their way at once. */
const atOnce = 3;

/** Sends an image to a registry: content first, names last. Answers what became of each blob, by digest. */
export async function pushImage(
  image: BuiltImage,
  destination: ImageReference,
  context: ClientContext,
): Promise<ReadonlyMap<string, Upload>> {
  const manifests = image.images.map(({ manifest }) => manifest);
  const blobs = manifests.flatMap((manifest) => manifest.blobs);
  const sisters = blobs.flatMap(({ origin }) => (origin?.registry === destination.registry ? [origin.name] : []));
  const scopes = [...new Set(sisters)].filter((name) => name !== destination.name);
  const pulls = scopes.map((name) => `repository:${name}:pull`);
  const client = createRepositoryClient(destination, "push to", context, pulls);
  const uploads = await uploadAll(client, blobs, context);
  for (const manifest of manifests) await putManifest(client, manifest, manifest.descriptor.digest);
  for (const { referrers } of image.images) {
    for (const referrer of referrers) await attach(client, referrer, context);
  }
  await putManifest(client, image.root, destination.tag ?? image.root.descriptor.digest);
  return uploads;
}

async function uploadAll(client: RepositoryClient, blobs: readonly Blob[], context: ClientContext) {
  // Of two with the same content, the one that the registry may have already.
  const known = [...blobs].sort((one, other) => Number(one.origin !== undefined) - Number(other.origin !== undefined));
  const queue = new Map(known.map((blob) => [blob.descriptor.digest, blob]));
  const uploads = new Map<string, Upload>();
  const work = async () => {
    for (const [digest, blob] of queue) {
      queue.delete(digest);
      uploads.set(digest, await uploadBlob(client, blob, context));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return uploads;
}

async function putManifest(
  client: RepositoryClient,
  { descriptor, bytes }: Manifest,
  name: string,
): Promise<HttpAnswer> {
  const headers = { "content-type": descriptor.mediaType };
  const body = { size: bytes.length, open: () => [bytes] };
  const answer = await client.ask({ method: "PUT", to: `manifests/${name}`, headers, body });
  if (answer.status !== 201 && answer.status !== 200) throw await client.refused(answer);
  answer.body.resume();
  const stored = headerOf(answer, "docker-content-digest");
  if (stored === undefined || stored === descriptor.digest) return answer;
  const { registry } = client.repository;
  throw new TrussError("REGISTRY_FAILED", `${registry} stored the manifest ${descriptor.digest} as ${stored}.`, {
    hint: "it changes what it is given, and cannot be relied on",
    exitCode: exitCodes.platform,
  });
}

/** An image is whole without its bill of materials: a registry that takes none is told of, and no failure. */
async function attach(client: RepositoryClient, referrer: Manifest, context: ClientContext): Promise<void> {
  try {
    await uploadAll(client, referrer.blobs, context);
    const answer = await putManifest(client, referrer, referrer.descriptor.digest);
    if (headerOf(answer, "oci-subject") === undefined) await listReferrer(client, referrer);
  } catch (error) {
    if (!isTrussError(error) || error.code !== "REGISTRY_REFUSED") throw error;
    const message = `the bill of materials could not be attached: ${error.message}`;
    context.report({ event: "warning", message, hint: "give --no-sbom to leave it out" });
  }
}

/** A registry without the referrers API finds them by a tag that is made of the subject's digest. */
async function listReferrer(client: RepositoryClient, { descriptor, bytes }: Manifest): Promise<void> {
  const subject = parseDescriptor(parseObject(bytes)?.["subject"], formatReference(client.repository));
  const tag = subject.digest.replace(":", "-");
  const known = await readIndex(client, tag);
  if (known.some(({ digest }) => digest === descriptor.digest)) return;
  // Who rebuilds the same image makes the same bill: an older one of ours is replaced.
  const others = known.filter(({ artifactType }) => artifactType !== descriptor.artifactType);
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...others, descriptor] };
  const body = Buffer.from(JSON.stringify(index));
  const headers = { "content-type": mediaTypes.index };
  const to = `manifests/${tag}`;
  const answer = await client.ask({ method: "PUT", to, headers, body: { size: body.length, open: () => [body] } });
  if (answer.status !== 201 && answer.status !== 200) throw await client.refused(answer);
  answer.body.resume();
}

async function readIndex(client: RepositoryClient, tag: string): Promise<readonly Descriptor[]> {
  const answer = await client.ask({ method: "GET", to: `manifests/${tag}`, headers: { accept: mediaTypes.index } });
  const text = await readBody(answer, manifestLimit);
  if (answer.status !== 200) return [];
  return asList(parseObject(text)?.["manifests"]).map((entry) => parseDescriptor(entry, tag));
}
