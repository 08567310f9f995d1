import { TrussError } from "../errors.ts";
import { type ExecResult, exec } from "../lib/exec.ts";

/** What builds an image from a Dockerfile. */
export type BuilderTool =
  | { readonly name: "podman" | "buildah" }
  /** `classic`: a Docker without BuildKit, which knows no mounts. */
  | { readonly name: "docker"; readonly how: "buildx" | "buildkit" | "classic" };

export const builderNames = ["auto", "docker", "podman", "buildah"] as const;
export type BuilderName = (typeof builderNames)[number];

/** A daemon that does not answer by then is none. Milliseconds. */
const answerMs = 20_000;

/** A tool, or in a few words why it cannot be used. */
type Found = BuilderTool | string;

/**
 * The builder that was asked for; for `auto` the first that can be used of docker, podman and buildah.
 *
 * @param needsMounts the Dockerfile has steps with secrets
 * @throws TrussError BUILDER_NOT_FOUND with what was found of each
 */
export async function findBuilder(name: BuilderName, needsMounts: boolean, signal: AbortSignal): Promise<BuilderTool> {
  const names = name === "auto" ? (["docker", "podman", "buildah"] as const) : [name];
  const reasons: string[] = [];
  for (const candidate of names) {
    const found = candidate === "docker" ? await findDocker(needsMounts, signal) : await findOther(candidate, signal);
    signal.throwIfAborted();
    if (typeof found !== "string") return found;
    reasons.push(`${candidate}: ${found}`);
  }
  const what = name === "auto" ? "None of docker, podman and buildah can be used" : `${name} cannot be used`;
  throw new TrussError("BUILDER_NOT_FOUND", `${what} (${reasons.join("; ")}).`, {
    hint: "install or start one; or leave --builder away, and the image is made without any",
  });
}

async function findOther(name: "podman" | "buildah", signal: AbortSignal): Promise<Found> {
  const result = await ask(name, ["--version"], signal);
  return result.how === "done" ? { name } : explain(result);
}

async function findDocker(needsMounts: boolean, signal: AbortSignal): Promise<Found> {
  const server = await ask("docker", ["version", "--format", "{{.Client.Version}} {{.Server.Version}}"], signal);
  if (server.how !== "done") return server.how === "missing" ? explain(server) : "its daemon does not answer";
  const buildx = await ask("docker", ["buildx", "version"], signal);
  if (buildx.how === "done") return { name: "docker", how: "buildx" };
  // Until version 23 BuildKit was part of the client itself.
  const client = Number(/^\d+/.exec(server.stdout)?.[0]);
  if (client >= 19 && client < 23) return { name: "docker", how: "buildkit" };
  return needsMounts ? "it has no buildx plugin, which lends secrets to a build" : { name: "docker", how: "classic" };
}

function ask(program: string, args: readonly string[], signal: AbortSignal): Promise<ExecResult> {
  return exec({ program, args, signal, timeout: answerMs });
}

function explain(result: ExecResult): string {
  return result.how === "failed" ? `it fails (${result.what})` : "not found";
}
