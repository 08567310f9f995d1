import { join } from "node:path";
import type { BuilderTool } from "./builder-tools.ts";

export interface BuildOrder {
  /** Folder with the Dockerfile and all that it copies. */
  readonly context: string;
  readonly tag: string;
  /** `linux/arm64`; absent: the builder's own. */
  readonly platform?: string;
  /** Files that are lent to the build: id → path. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The Dockerfile's arguments, where they are not what it says itself. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where the builder writes the id of what it has made. */
  readonly idFile: string;
}

export interface BuilderCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Only Docker has to be told of the proxies that it should use; the others take them from their own environment. */
const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/** Times of files are not kept, so that the same stage gives the same layers where the tool can do that. */
export function buildCommand(tool: BuilderTool, order: BuildOrder): BuilderCommand {
  const { context, tag, platform, idFile } = order;
  const secrets = Object.entries(order.secrets).flatMap(([id, file]) => ["--secret", `id=${id},src=${file}`]);
  const common = ["--file", join(context, "Dockerfile"), "--tag", tag, "--iidfile", idFile];
  const settings = Object.entries(order.settings).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  const shared = [...common, ...settings, ...(platform === undefined ? [] : ["--platform", platform])];
  switch (tool.name) {
    case "podman":
      return { program: "podman", args: ["build", "--timestamp", "0", ...shared, ...secrets, context] };
    case "buildah":
      return { program: "buildah", args: ["build", "--layers", "--timestamp", "0", ...shared, ...secrets, context] };
    case "docker":
      return dockerBuild(tool.how, [...shared, ...proxyArguments()], secrets, context);
  }
}

function dockerBuild(
  how: "buildx" | "buildkit" | "classic",
  shared: readonly string[],
  secrets: readonly string[],
  context: string,
): BuilderCommand {
  const program = "docker";
  const full = ["--progress=plain", ...shared, ...secrets, context];
  switch (how) {
    case "buildx":
      return { program, args: ["buildx", "build", "--load", ...full] };
    case "buildkit":
      return { program, args: ["build", ...full], env: { DOCKER_BUILDKIT: "1" } };
    case "classic":
      return { program, args: ["build", ...shared, context], env: { DOCKER_BUILDKIT: "0" } };
  }
}

function proxyArguments(): string[] {
  return proxies.flatMap((name) => ((process.env[name] ?? "") === "" ? [] : ["--build-arg", name]));
}

/** @param digestFile where podman and buildah write the manifest's digest; Docker prints it */
export function pushCommand(tool: BuilderTool, tag: string, digestFile: string): BuilderCommand {
  if (tool.name === "docker") return { program: "docker", args: ["push", tag] };
  // Docker takes registries of this machine without TLS by itself.
  const plain = isLoopback(tag) ? ["--tls-verify=false"] : [];
  return { program: tool.name, args: ["push", ...plain, "--digestfile", digestFile, tag] };
}

/** How the image is written to disk: to a folder as an OCI layout, to a `.tar` for `docker load`; Docker has only these. */
export function saveCommand(tool: BuilderTool, tag: string, path: string, digestFile: string): BuilderCommand {
  const isFile = path.endsWith(".tar");
  if (tool.name === "docker") {
    return { program: "docker", args: ["save", "--output", isFile ? path : join(path, "image.tar"), tag] };
  }
  const name = tag.slice(tag.lastIndexOf(":") + 1);
  const place = isFile ? `docker-archive:${path}:${tag}` : `oci:${path}:${name}`;
  return { program: tool.name, args: ["push", "--digestfile", digestFile, tag, place] };
}

/** How the digest of an image is asked for that went nowhere. Docker has none before it is pushed. */
export function digestCommand(tool: BuilderTool, tag: string): BuilderCommand | undefined {
  if (tool.name === "docker") return undefined;
  const [type, format] = tool.name === "podman" ? [[], "{{.Digest}}"] : [["--type", "image"], "{{.FromImageDigest}}"];
  return { program: tool.name, args: ["inspect", ...type, "--format", format, tag] };
}

function isLoopback(reference: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?\//.test(reference);
}
