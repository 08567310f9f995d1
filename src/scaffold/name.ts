import { basename, resolve } from "node:path";
import { TrussError, exitCodes } from "../errors.ts";

/** The folder that `init --yes` makes when none is named, and the name where a folder's own will not do. */
export const fallbackName = "my-model";

const longestName = 256;
const longestPackageName = 214;

/**
 * What is wrong with a model's name, as a sentence; `undefined` when `config.yaml` can hold it exactly.
 */
export function nameFault(name: string): string | undefined {
  if (name.trim() === "") return "The model's name is empty.";
  if (/\p{Cc}/u.test(name)) return "The model's name holds control characters.";
  if (/\p{Cs}/u.test(name)) return "The model's name is not valid Unicode.";
  if (name.length > longestName) return `The model's name is longer than ${longestName} characters.`;
  return undefined;
}

/** @throws TrussError NAME_INVALID (exit code 2) */
export function checkName(name: string): string {
  const fault = nameFault(name);
  if (fault === undefined) return name;
  throw new TrussError("NAME_INVALID", fault, {
    hint: "Give a name with --name, such as --name my-model.",
    exitCode: exitCodes.usage,
  });
}

/** The folder's own name, made fit where it has to be: any folder will do. */
export function guessName(dir: string): string {
  const name = basename(resolve(dir))
    .replaceAll(/[\p{Cc}\p{Cs}]+/gu, "-")
    .trim();
  return nameFault(name) === undefined ? name : fallbackName;
}

/**
 * A legal npm package name near the model's. `taken` are names it may not have: a package cannot depend on its
 * namesake.
 */
export function toPackageName(name: string, taken: readonly string[] = []): string {
  const legal =
    name
      .normalize("NFKD")
      .replaceAll(/\p{M}/gu, "")
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, "-")
      .replaceAll(/-{2,}/g, "-")
      .replaceAll(/^[._-]+|[._-]+$/g, "")
      .slice(0, longestPackageName - "-model".length)
      .replace(/[._-]+$/, "") || "model";
  const refused = legal === "node_modules" || legal === "favicon.ico" || taken.includes(legal);
  return refused ? `${legal}-model` : legal;
}

/**
 * The name as a YAML scalar that every YAML reader gives back exactly.
 */
export function toYamlScalar(name: string): string {
  const plain = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/i.test(name) && !yamlWords.has(name.toLowerCase());
  if (plain) return name;
  // JSON's strings are YAML's, but for what YAML 1.1 takes for line breaks and what editors do not show.
  return JSON.stringify(name).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

const yamlWords = new Set(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"]);

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xff_ff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
