import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../../contract/support/project.ts";

export interface PushedLayer {
  readonly digest: string;
  readonly size: number;
  readonly kind: string;
  readonly reused: boolean;
}

/** The object that `push --target image --json` prints. */
export interface PushedImage {
  readonly target: string;
  readonly digest: string;
  readonly image: string | null;
  readonly platforms: readonly string[];
  readonly layers: readonly PushedLayer[];
  readonly sbom: readonly string[];
  readonly path?: string;
}

export interface PushOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PushSettings {
  /** @default "image" */
  readonly target?: "image" | "kubernetes";
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The Node that runs the command. */
  readonly node?: string;
}

/** What earlier runs have made, and what runs beside this one, is not known here: layers are new once. */
const cache = mkdtempSync(join(tmpdir(), "truss-ts-images-cache-"));
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));

/** Runs the built command line, whatever comes of it. Credentials of this machine are not looked at. */
export function tryPush(root: string, flags: readonly string[], settings: PushSettings = {}): Promise<PushOutcome> {
  const args = [
    join(repository, "bin", "truss-ts.js"),
    "push",
    root,
    "--target",
    settings.target ?? "image",
    "--json",
    ...flags,
  ];
  const own = { DOCKER_CONFIG: join(root, "no-docker-config"), TRUSS_TS_CACHE_DIR: cache };
  const env = { ...process.env, ...own, ...settings.env };
  const child = spawn(settings.node ?? process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

export async function push(root: string, flags: readonly string[], settings?: PushSettings): Promise<PushedImage> {
  const { code, stdout, stderr } = await tryPush(root, flags, settings);
  if (code !== 0) throw new Error(`push ended with ${String(code)}\n${stderr}`);
  return JSON.parse(stdout) as PushedImage;
}
