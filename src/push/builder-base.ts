import { createHash } from "node:crypto";
import { lstat, mkdir, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { TrussError } from "../errors.ts";
import type { BuilderTool } from "./builder-tools.ts";
import { parseBaseName } from "./oci/open-base.ts";

/** A base as a Dockerfile names it. */
export function nameBase(text: string): string {
  const { path, tag } = locate(text);
  return tag === undefined ? path : `${path}:${tag}`;
}

/**
 * A base that is a folder or a tarball, as one engine can read it; undefined for a name, which is good everywhere.
 *
 * @throws TrussError BASE_INVALID where the engine cannot read such a thing at all
 */
export async function lendBase(text: string, tool: BuilderTool): Promise<string | undefined> {
  const { transport, place, tag } = locate(text);
  if (place === undefined) return undefined;
  if (tool.name === "docker") {
    throw new TrussError("BASE_INVALID", `Docker cannot build on ${text}: it takes images by their names only.`, {
      hint: "docker load it and give its name as --base; podman and buildah take it as it is",
    });
  }
  const path = `${transport}:${await linkPlainly(place)}`;
  return tag === undefined ? path : `${path}:${tag}`;
}

function locate(text: string): { path: string; transport?: string; place?: string; tag?: string } {
  const name = parseBaseName(text);
  if (name.kind === "registry") return { path: name.text };
  const [transport, place] =
    name.kind === "layout" ? ["oci", resolve(name.folder)] : ["docker-archive", resolve(name.file)];
  return { path: `${transport}:${place}`, transport, place, ...(name.tag === undefined ? {} : { tag: name.tag }) };
}

/** podman and buildah make a name for an image of its path, and fail where that has capitals or leading dots in it. */
async function linkPlainly(place: string): Promise<string> {
  if (/^(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)+$/.test(place)) return place;
  const folder = join(tmpdir(), `truss-ts-bases-${userInfo().uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  if (!stats.isDirectory() || stats.uid !== userInfo().uid) {
    throw new TrussError("BASE_INVALID", `${folder} belongs to somebody else.`, { hint: "remove it, or set TMPDIR" });
  }
  const link = join(folder, createHash("sha256").update(place).digest("hex").slice(0, 12));
  if ((await readlink(link).catch(() => undefined)) === place) return link;
  await rm(link, { force: true });
  await symlink(place, link);
  return link;
}
