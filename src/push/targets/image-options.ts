import { TrussError, exitCodes } from "../../errors.ts";
import { builderOptions, readBuilderOptions } from "../builder-options.ts";
import { defaultBase, parseBaseName } from "../oci/open-base.ts";
import { type ImageReference, parseReference } from "../oci/reference.ts";
import { type Platform, platformName } from "../platform.ts";
import type { TargetOption } from "../types.ts";

/** The image target's own flags, read. */
export interface ImageOptions {
  readonly base: string;
  /** Where it is pushed to. */
  readonly image: ImageReference | undefined;
  /** A folder for an OCI layout, or a `.tar` file. */
  readonly out: string | undefined;
  /** What a layout or a tarball calls the image. */
  readonly tag: ImageReference | undefined;
  readonly platforms: readonly Platform[];
  readonly packages: "install" | "trace";
  readonly sbom: boolean;
  /** True: what git says. */
  readonly revision: string | boolean;
}

export const imageOptions: readonly TargetOption[] = [
  {
    flags: "--base <ref>",
    description: `image to build on: registry/name:tag or name@sha256:…, oci:FOLDER:TAG, a tarball (default: ${defaultBase})`,
  },
  { flags: "--image <ref>", description: "push it to a registry, as registry/name:tag" },
  { flags: "--push <ref>", description: "the same as --image" },
  { flags: "--out <dir>", description: "folder for an OCI layout, or a .tar file for docker load" },
  { flags: "--tag <name>", description: "what the layout or tarball calls the image (default: the model's name)" },
  {
    flags: "--platform <list>",
    description: "what it runs on, such as linux/amd64,linux/arm64 (default: linux/amd64)",
  },
  {
    flags: "--packages <how>",
    description: "packages outside the bundle: installed from the lockfile, or traced in node_modules",
    choices: ["install", "trace"],
  },
  { flags: "--no-sbom", description: "attach no bill of materials" },
  { flags: "--revision [commit]", description: "write down a commit, by default git's; makes the digest depend on it" },
  ...builderOptions,
];

/** @throws TrussError USAGE */
export function readImageOptions(flags: Readonly<Record<string, unknown>>): ImageOptions {
  const text = (name: string) => (typeof flags[name] === "string" ? flags[name] : undefined);
  const [image, push] = [text("image"), text("push")];
  if (image !== undefined && push !== undefined && image !== push) {
    throw usage("--image and --push are the same, and name different images.", "give one of them");
  }
  readBuilderOptions(flags);
  const base = text("base") ?? defaultBase;
  parseBaseName(base);
  const { revision } = flags;
  return {
    base,
    image: parseDestination(image ?? push, image === undefined ? "--push" : "--image"),
    out: text("out"),
    tag: parseDestination(text("tag"), "--tag"),
    platforms: parsePlatforms(text("platform") ?? "linux/amd64"),
    packages: text("packages") === "trace" ? "trace" : "install",
    sbom: flags["sbom"] !== false,
    revision: typeof revision === "string" || typeof revision === "boolean" ? revision : false,
  };
}

function parseDestination(text: string | undefined, flag: string): ImageReference | undefined {
  if (text === undefined) return undefined;
  const reference = parseReference(text, flag);
  if (reference.digest === undefined) return reference;
  throw usage(`${flag} names a digest, which only the built image can have.`, "give a name and a tag");
}

/** In the order of their names, so that the same list gives the same index. */
function parsePlatforms(text: string): readonly Platform[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))].sort();
  return names.map((name) => {
    const [os, architecture, variant] = name.split("/");
    const known = architecture === "amd64" || architecture === "arm64";
    const plain = variant === undefined || (architecture === "arm64" && variant === "v8");
    if (os === "linux" && known && plain) return { os, architecture };
    const all = [
      platformName({ os: "linux", architecture: "amd64" }),
      platformName({ os: "linux", architecture: "arm64" }),
    ];
    throw usage(
      `--platform ${JSON.stringify(name)} is none that images are made for.`,
      `give ${all.join(" or ")}, or both`,
    );
  });
}

function usage(message: string, hint: string): TrussError {
  return new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}
