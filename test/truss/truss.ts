import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** What the real Truss says; absent parts are those of the other kind of question. */
export interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  /** The config with Truss's defaults. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Entries of the archive that are no regular files. */
  readonly odd?: readonly string[];
  readonly files?: readonly string[];
  /** What of `files` Truss's ignore rules leave when it uploads. */
  readonly uploaded?: readonly string[];
  /** What its default rules alone leave. */
  readonly defaults?: readonly string[];
  /** The context of the image's build. */
  readonly context?: readonly string[];
  readonly texts?: Readonly<Record<"Dockerfile" | "supervisord.conf" | "proxy.conf", string | null>>;
}

export type Question =
  | { readonly config: string }
  | { readonly archive: string; readonly env?: Readonly<Record<string, string>> };

const windows = process.platform === "win32";
const own = fileURLToPath(
  new URL(`../../node_modules/.cache/truss-venv/${windows ? "Scripts/python.exe" : "bin/python"}`, import.meta.url),
);

/** `.ci/truss.mjs` makes it. */
export const python = process.env["TRUSS_TS_TRUSS_PYTHON"] ?? own;

export const hasTruss = existsSync(python);

/** All at once: it takes Python seconds to import Truss. */
export async function askTruss(questions: readonly Question[]): Promise<readonly Answer[]> {
  const script = fileURLToPath(new URL("ask.py", import.meta.url));
  const env = { ...process.env, PYTHONIOENCODING: "utf-8" };
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "pipe"], env });
  child.stdin.end(JSON.stringify(questions));
  const [output, story] = await Promise.all([text(child.stdout), text(child.stderr)]);
  try {
    return JSON.parse(output) as Answer[];
  } catch {
    throw new Error(`Truss gave no answer:\n${story}`);
  }
}
