import type * as yaml from "yaml";
import { editConfig } from "./config-editor.ts";
import { parseConfig, parseDocument } from "./yaml.ts";

type Library = typeof yaml;

const longestName = 256;

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

/** The text of a `config.yaml` with this `model_name`. Everything else stays as it is, to the byte where that is possible. */
export async function setModelName(text: string, name: string): Promise<string> {
  const library = await import("yaml");
  const edited = spliceName(library, text, toYamlScalar(name));
  const { values, faults } = await parseConfig(edited);
  if (faults.length === 0 && values["model_name"] === name) return edited;
  // Such as a file that is one `{…}`.
  const editor = await editConfig(text);
  editor.set(["model_name"], name);
  return editor.text();
}

function spliceName(library: Library, text: string, name: string): string {
  const { contents } = parseDocument(library, text);
  const pair =
    library.isMap(contents) && contents.items.find(({ key }) => library.isScalar(key) && key.value === "model_name");
  if (!pair) return insertName(text, `model_name: ${name}`);
  // The parser does not count a byte order mark.
  const shift = text.startsWith("\uFEFF") ? 1 : 0;
  const [start = 0, end = 0] = (library.isNode(pair.value) && pair.value.range) || [];
  const isEmpty = start === end;
  return `${text.slice(0, start + shift)}${isEmpty ? " " : ""}${name}${text.slice(end + shift)}`;
}

/** At the top, below what must stand there. */
function insertName(text: string, line: string): string {
  const head =
    /^(?:\uFEFF)?(?:(?:%.*\r?\n)*---\s*\r?\n)?(?:# yaml-language-server:.*(?:\r?\n|$))?/.exec(text)?.[0] ?? "";
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = head === "" || head.endsWith("\n") || head === "\uFEFF" ? "" : end;
  return `${head}${gap}${line}${end}${text.slice(head.length)}`;
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
