import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unpackTar } from "modern-tar";

/** Names that Truss's own rules would drop, or that must never leave a machine. */
const forbidden = [
  /(^|\/)node_modules(\/|$)/,
  /(^|\/)\.git(\/|$)/,
  /(^|\/)\.env/,
  /(^|\/)\.npmrc$/,
  /(^|\/)(dist|build|lib)\//,
  /\.log$/,
  /(^|\/)id_rsa$/,
  /\.pem$/,
];

export interface Unpacked {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What an archive holds; everything that Baseten would not like about it is a complaint. */
export async function inspectArchive(
  tar: Uint8Array,
  rawConfig: string,
  complain: (text: string) => void,
): Promise<readonly Unpacked[]> {
  const entries = await unpackTar(tar, { strict: true });
  const paths = entries.map(({ header }) => header.name);
  if (new Set(paths).size !== paths.length) complain("the archive has a path twice");
  for (const { header } of entries) {
    const { name, type, mtime, uid, gid, uname, gname } = header;
    if (type !== "file") complain(`${name} is a ${type}, not a regular file`);
    if (/^\/|(^|\/)\.\.?(\/|$)|\\/.test(name)) complain(`${name} is not a plain relative path`);
    if (forbidden.some((pattern) => pattern.test(name))) complain(`${name} should have been left out`);
    if (mtime?.getTime() !== 0 || uid !== 0 || gid !== 0 || (uname ?? "") + (gname ?? "") !== "") {
      complain(`${name} tells of the machine it was made on`);
    }
  }
  const files = entries.map(({ header, data }) => ({ path: header.name, bytes: data ?? new Uint8Array() }));
  const config = files.find(({ path }) => path === "config.yaml");
  if (new TextDecoder().decode(config?.bytes) !== rawConfig) complain("config.yaml is not what raw_config says");
  if (!paths.includes("model/server.mjs")) complain("there is no model/server.mjs");
  return files;
}

/** Writes the files below a folder, as Baseten's build does below `/app`. */
export async function writeArchive(folder: string, files: readonly Unpacked[]): Promise<void> {
  for (const { path, bytes } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}
