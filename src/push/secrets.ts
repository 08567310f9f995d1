import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { parseEnv } from "node:util";
import { TrussError } from "../errors.ts";
import { readWhole } from "./content.ts";
import { createSourceFinder } from "./source-finder.ts";
import { type SecretForm, isSecretVariable, secretForms, valuePattern } from "./secret-forms.ts";
import { configFile, serverFile, serverMapFile } from "./stage-paths.ts";
import type { StagedFile } from "./types.ts";

export interface SecretSearch {
  /** Absolute path of the project. */
  readonly root: string;
  /** Of `config.yaml`, by name: those that have a value there are for this machine. */
  readonly secrets?: Readonly<Record<string, string | null>>;
  readonly files: readonly StagedFile[];
  /** Paths that were looked at by a person: staged ones, or of sources. */
  readonly allowed: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

interface Found {
  /** The staged path or, of bundled code, the source's. */
  readonly path: string;
  readonly line: number;
  readonly what: string;
  /** What was found, to tell twins; never shown. */
  readonly value: string;
}

/** Text beyond this is data, in bytes. */
const textLimit = 16 * 1024 * 1024;
const namedAtMost = 5;

/**
 * Looks for keys and tokens in everything that is text, for the values of the project's `.env` files, and for
 * those that `config.yaml` gives to secrets.
 *
 * @throws TrussError STAGE_SECRET, which names places and never a value
 */
export async function refuseSecrets({ root, secrets, files, allowed, signal }: SecretSearch): Promise<void> {
  const forms = [...secretForms, ...readVariables(root), ...formsOf(secrets ?? {}, configFile)];
  const map = files.find(({ path }) => path === serverMapFile);
  const findSource = map === undefined ? undefined : createSourceFinder(readAll(map));
  const found: Found[] = [];
  for (const [index, file] of files.entries()) {
    if (index % 64 === 0) await setImmediate();
    signal.throwIfAborted();
    if (file.path === serverMapFile || file.size > textLimit) continue;
    const text = readText(file);
    if (text === undefined) continue;
    const places = search(text, forms).map((place) => ({ path: file.path, ...place }));
    const isBundle = file.path === serverFile;
    found.push(
      ...(isBundle ? places.map((place) => ({ ...place, ...findSource?.(place.line, place.column) })) : places),
    );
  }
  const left = withoutTwins(root, found).filter(({ path }) => !allowed.has(path));
  if (left.length > 0) throw describeFound(left);
}

/** The values of all `.env` files; an example holds none. */
function readVariables(root: string): SecretForm[] {
  const names = readdirSync(root).filter(
    (name) => /^\.env(?:\..+)?$/.test(name) && !/example|sample|template/.test(name),
  );
  return names.flatMap((name) => {
    const variables = Object.entries(parseEnv(readQuietly(join(root, name))));
    return formsOf(Object.fromEntries(variables.filter(([key, value]) => isSecretVariable(key, value ?? ""))), name);
  });
}

/** A short one is in many texts by chance. */
const shortest = 8;

function formsOf(values: Readonly<Record<string, string | null | undefined>>, file: string): SecretForm[] {
  return Object.entries(values).flatMap(([key, value]) =>
    typeof value === "string" && value.length >= shortest
      ? [{ what: `the value of ${key} in ${file}`, pattern: valuePattern(value) }]
      : [],
  );
}

/** `.env` may be a folder, of Python's. */
function readQuietly(file: string): string {
  try {
    return statSync(file).isFIFO() ? "" : readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch {
    return "";
  }
}

function search(text: string, forms: readonly SecretForm[]) {
  const matches = forms.flatMap(({ what, pattern }) => [...text.matchAll(pattern)].map((match) => ({ what, match })));
  matches.sort((left, right) => left.match.index - right.match.index);
  return matches.map(({ what, match: { index, 0: value } }) => {
    const before = text.slice(0, index);
    return { what, value, line: before.split("\n").length, column: index - before.lastIndexOf("\n") };
  });
}

/** One for each line. What config.yaml says is in the bundle too, where no source of the project has it. */
function withoutTwins(root: string, found: readonly Found[]): Found[] {
  const isMade = ({ path }: Found) => path !== configFile && !existsSync(join(root, path));
  const ofConfig = new Set(found.filter(({ path }) => path === configFile).map(({ value }) => value));
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = `${one.path}:${one.line}`;
    if (seen.has(key) || (isMade(one) && ofConfig.has(one.value))) return false;
    seen.add(key);
    return true;
  });
}

function describeFound(found: readonly Found[]): TrussError {
  const named = found.slice(0, namedAtMost).map(({ path, line, what }) => `${path}:${line} (${what})`);
  const rest = found.length > namedAtMost ? ` and ${found.length - namedAtMost} more` : "";
  const [first] = found;
  return new TrussError("STAGE_SECRET", `This looks like a secret and would be pushed: ${named.join(", ")}${rest}.`, {
    ...(first === undefined ? {} : { file: first.path, line: first.line }),
    hint: `Declare it below secrets: in config.yaml and read it from context.secrets, or name the file in .trussignore. If it is none: --allow-secret ${first?.path ?? "<path>"}`,
  });
}

/** The file's text; `undefined` where it is none. */
function readText(file: StagedFile): string | undefined {
  const bytes = readAll(file);
  // As Windows' own shell writes it.
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return Buffer.from(bytes).toString("utf16le");
  return bytes.subarray(0, 8192).includes(0) ? undefined : Buffer.from(bytes).toString("utf8");
}

function readAll({ path, content }: StagedFile): Uint8Array {
  return content.kind === "bytes" ? content.bytes : readWhole(path, content.file);
}
