import { TrussError, exitCodes } from "../../errors.ts";
import { isDigest } from "./digest.ts";
import type { Repository } from "./types.ts";

/** A reference to an image in a registry. */
export interface ImageReference extends Repository {
  readonly tag?: string;
  readonly digest?: string;
}

const namePattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const hostPattern = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?$/;

/**
 * Reads `registry/name:tag@sha256:…` as docker does: no registry means Docker Hub, no tag means `latest`.
 *
 * @throws TrussError USAGE, with what is wrong
 */
export function parseReference(text: string, flag: string): ImageReference {
  const refuse = (why: string, hint?: string) => invalid(text, flag, why, hint);
  if (/^[a-z]+:\/\//i.test(text)) throw refuse("it begins with a protocol", "leave out what is before the host");
  const [before = "", digest, ...rest] = text.split("@");
  if (rest.length > 0) throw refuse("it has more than one @");
  if (digest !== undefined && !isDigest(digest)) throw refuse("what follows the @ is no sha256 digest");
  const { named, tag } = splitTag(before);
  if (tag !== undefined && !tagPattern.test(tag)) throw refuse(`${JSON.stringify(tag)} is no tag`);
  const { registry, name } = splitRegistry(named);
  if (!hostPattern.test(registry)) throw refuse(`${JSON.stringify(registry)} is no host`);
  if (name === "") throw refuse("it names no repository");
  if (name !== name.toLowerCase())
    throw refuse("names are lower case", `did you mean ${text.replace(name, name.toLowerCase())}?`);
  if (!namePattern.test(name) || name.length + registry.length > 254)
    throw refuse(`${JSON.stringify(name)} is no name`);
  if (tag === undefined && digest === undefined) return { registry, name, tag: "latest" };
  return { registry, name, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** As it is written down: the whole name, digest first choice of the two that it may have. */
export function formatReference({ registry, name, tag, digest }: ImageReference): string {
  return `${registry}/${name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** A colon after the last slash begins the tag; one before it belongs to the host's port. */
function splitTag(text: string): { named: string; tag?: string } {
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("/")) return { named: text };
  return { named: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function splitRegistry(text: string): Repository {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(slash, 0));
  const isHost = /[.:[]/.test(first) || first === "localhost";
  const registry = isHost ? first : "docker.io";
  const name = isHost ? text.slice(slash + 1) : text;
  if (registry !== "docker.io" && registry !== "index.docker.io") return { registry, name };
  return { registry: "docker.io", name: name.includes("/") || name === "" ? name : `library/${name}` };
}

function invalid(text: string, flag: string, why: string, hint?: string): TrussError {
  return new TrussError("USAGE", `${flag} ${JSON.stringify(text)} is no reference to an image: ${why}.`, {
    hint: hint ?? "write it as registry/name:tag, such as registry.example.com/team/model:1",
    exitCode: exitCodes.usage,
  });
}
