import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { secretIds } from "./dockerfile.ts";
import { projectNpmrc, userNpmrc } from "./packages/npm-settings.ts";

export interface LentSecrets {
  /** Id → file, as the builder is told. */
  readonly files: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * What npm needs to know in a container of what this user has set up: registries, tokens and proxies, and further
 * authorities. In files that only this user can read, and only until `close`.
 */
export async function lendSecrets(root: string, env: NodeJS.ProcessEnv = process.env): Promise<LentSecrets> {
  const npmrc = await readNpmSettings(root, env);
  const authorities = await readAuthorities(npmrc, env);
  const folder = await mkdtemp(join(tmpdir(), "truss-ts-secrets-"));
  const files: Record<string, string> = {};
  const lend = async (id: string, text: string) => {
    if (text.trim() === "") return;
    await writeFile((files[id] = join(folder, id)), text, { mode: 0o600 });
  };
  await lend(secretIds.npmrc, withoutPaths(npmrc));
  await lend(secretIds.authorities, authorities);
  return { files, close: () => rm(folder, { recursive: true, force: true }) };
}

/** The user's, then the project's, then what the environment says: of two that differ npm takes the later. */
async function readNpmSettings(root: string, env: NodeJS.ProcessEnv): Promise<string> {
  const project = projectNpmrc(root);
  const texts = [await readText(userNpmrc(env)), project === undefined ? "" : await readText(project)];
  const registry = env["npm_config_registry"] ?? env["NPM_CONFIG_REGISTRY"] ?? "";
  const own = registry === "" ? "" : `registry=${registry}`;
  return expand([...texts, own].filter((text) => text !== "").join("\n"), env);
}

/** As npm does: `${NPM_TOKEN}` is the variable, where there is one. */
function expand(text: string, env: NodeJS.ProcessEnv): string {
  return text.replaceAll(/(?<!\\)\$\{([^${}?]+)\??\}/g, (whole, name: string) => env[name] ?? whole);
}

/** Folders and files of this machine mean nothing there. */
const localKeys =
  /^\s*(?:cafile|cache|prefix|userconfig|globalconfig|nodedir|tmp|logs-dir|script-shell|shell|node-gyp|python)\s*=/;

function withoutPaths(npmrc: string): string {
  const lines = npmrc.split(/\r?\n/).filter((line) => line.trim() !== "" && !localKeys.test(line));
  return lines.map((line) => `${line}\n`).join("");
}

/** Authorities beside those that Node knows, as companies with a proxy of their own have them. */
async function readAuthorities(npmrc: string, env: NodeJS.ProcessEnv): Promise<string> {
  const named = [...npmrc.matchAll(/^\s*cafile\s*=\s*["']?(.+?)["']?\s*$/gm)].at(-1)?.[1];
  const files = [env["NODE_EXTRA_CA_CERTS"], env["npm_config_cafile"] ?? named].filter(
    (file) => file !== undefined && file !== "",
  );
  const texts = await Promise.all([...new Set(files)].map((file) => readText(resolve(file ?? ""))));
  return texts.join("\n");
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
