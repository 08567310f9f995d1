import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { TrussError, exitCodes } from "../../errors.ts";
import { openLayout } from "./base/layout.ts";
import { openTarball } from "./base/saved.ts";
import { parseReference } from "./reference.ts";
import { type PullContext, openRegistryBase } from "./registry/pull.ts";
import type { Base } from "./types.ts";

/** What an image is built on where nothing else is said. */
export const defaultBase = "docker.io/library/node:24-bookworm-slim";

/** Where a base is, as its name tells. */
export type BaseName =
  | { readonly kind: "layout"; readonly folder: string; readonly tag: string | undefined }
  | { readonly kind: "tarball"; readonly file: string; readonly tag: string | undefined }
  | { readonly kind: "registry"; readonly text: string };

/** Opens `registry/name:tag`, `oci:FOLDER:TAG` or a tarball's path. */
export async function openBase(text: string, context: PullContext): Promise<Base> {
  const name = parseBaseName(text);
  switch (name.kind) {
    case "layout":
      return openLayout(resolve(name.folder), name.tag);
    case "tarball":
      return openTarball(resolve(name.file), name.tag, context);
    case "registry":
      return openRegistryBase(parseReference(name.text, "--base"), context);
  }
}

/** @throws TrussError USAGE */
export function parseBaseName(text: string): BaseName {
  const [, transport, rest = ""] = /^(oci|oci-archive|docker-archive|docker):(.*)$/s.exec(text) ?? [];
  if (transport === "docker") return registryName(rest.replace(/^\/\//, ""));
  if (transport !== undefined) {
    const { path, tag } = splitTag(rest);
    if (path === "") throw usage(`--base ${JSON.stringify(text)} names no ${transport === "oci" ? "folder" : "file"}.`);
    return transport === "oci" ? { kind: "layout", folder: path, tag } : { kind: "tarball", file: path, tag };
  }
  if (/\.(tar|tar\.gz|tgz)$/i.test(text)) return { kind: "tarball", file: text, tag: undefined };
  if (/^(\.{0,2}[\\/]|[A-Za-z]:[\\/])/.test(text)) {
    if (existsSync(join(text, "oci-layout"))) return { kind: "layout", folder: text, tag: undefined };
    if (existsSync(text) && statSync(text).isFile()) return { kind: "tarball", file: text, tag: undefined };
    throw usage(`--base ${JSON.stringify(text)} is neither an OCI layout nor a tarball.`);
  }
  return registryName(text);
}

function registryName(text: string): BaseName {
  parseReference(text, "--base");
  return { kind: "registry", text };
}

/** A colon behind the last slash, of either kind, begins a tag; that of `C:\` does not. */
function splitTag(text: string): { path: string; tag: string | undefined } {
  const at = text.lastIndexOf(":");
  if (at <= Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\"), 0)) return { path: text, tag: undefined };
  return { path: text.slice(0, at), tag: text.slice(at + 1) };
}

function usage(message: string): TrussError {
  return new TrussError("USAGE", message, {
    hint: "give registry/name:tag, oci:FOLDER:TAG or the path of a tarball",
    exitCode: exitCodes.usage,
  });
}
