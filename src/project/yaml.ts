import type * as yaml from "yaml";
import type { Fault } from "../errors.ts";
import { configName } from "./find.ts";

/** `config.yaml` as parsed, and where each of its keys and values stands. */
export interface ConfigSource {
  readonly values: Readonly<Record<string, unknown>>;
  /** What is wrong with the file as YAML; where there is any, `values` is empty. */
  readonly faults: readonly Fault[];
  /** A fault at the value of a path or, with `at: "key"`, at its key. */
  faultAt(path: readonly PropertyKey[], message: string, hint?: string, at?: "key" | "value"): Fault;
}

type Library = typeof yaml;

/** The library looks for each alias's anchor among all others. */
const aliasLimit = 10_000;

/** Parses the text with the meaning it has for Truss, which reads YAML 1.1 (`yes` is true, `<<` merges). */
export async function parseConfig(text: string): Promise<ConfigSource> {
  const library = await import("yaml");
  const counter = new library.LineCounter();
  const document = parseDocument(library, text, counter);
  const faultAtOffset = (offset: number, message: string, hint?: string): Fault => {
    const { line, col } = counter.linePos(offset);
    const place = { file: configName, line: Math.max(line, 1), column: Math.max(col, 1) };
    return { code: "CONFIG_INVALID", message, ...place, ...(hint === undefined ? {} : { hint }) };
  };
  const faults = [
    ...document.errors.map((error) => faultAtOffset(error.pos[0], ...explainYamlError(error))),
    ...[...findTwins(library, document), ...findBrokenAliases(library, document)].map(([offset, message, hint]) =>
      faultAtOffset(offset, message, hint),
    ),
  ];
  const faultAt: ConfigSource["faultAt"] = (path, message, hint, at = "value") =>
    faultAtOffset(findOffset(library, document, path, at), message, hint);
  if (faults.length > 0) return { values: {}, faults, faultAt };
  const values = readValues(document);
  if (values === undefined)
    return { values: {}, faults: [faultAt([], "The aliases of this file multiply without end.")], faultAt };
  if (library.isMap(document.contents) || document.contents === null || isNullScalar(library, document.contents)) {
    return { values: values as Record<string, unknown>, faults, faultAt };
  }
  const message = `${configName} must be a mapping of keys to values at its top level.`;
  return { values: {}, faults: [faultAt([], message, "Write lines such as: model_name: my-model")], faultAt };
}

/** The text's own tree, comments and places included. */
export function parseDocument(library: Library, text: string, counter?: yaml.LineCounter): yaml.Document {
  return library.parseDocument(text.replace(/^\uFEFF/, ""), {
    version: "1.1",
    prettyErrors: false,
    // The library compares each key with all before it.
    uniqueKeys: false,
    customTags: trussTags,
    ...(counter === undefined ? {} : { lineCounter: counter }),
  });
}

function readValues(document: yaml.Document): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasLimit }) ?? {};
  } catch {
    return undefined;
  }
}

/**
 * YAML 1.1 as Python's parser reads it: a lone `y` or `n` stays text, and so do dates, which JSON cannot hold. Sets and
 * binary values have no place in this file.
 */
function trussTags(tags: yaml.Tags): yaml.Tags {
  const dropped = new Set(["timestamp", "set", "omap", "pairs", "binary"].map((name) => `tag:yaml.org,2002:${name}`));
  return tags.flatMap((tag): yaml.Tags => {
    if (typeof tag !== "object") return [tag];
    if (dropped.has(tag.tag)) return [];
    if (!("test" in tag) || tag.test === undefined) return [tag];
    const { source } = tag.test;
    if (tag.tag.endsWith(":bool")) return [{ ...tag, test: new RegExp(source.replace(/Y\|y\||N\|n\|/, "")) }];
    // The library takes `.` and `e5` for numbers as well.
    if (tag.tag.endsWith(":float"))
      return [{ ...tag, test: new RegExp(`(?=^[-+]?\\.?(?:\\d|inf|nan))${source}`, "i") }];
    return [tag];
  });
}

function isNullScalar(library: Library, node: unknown): boolean {
  return library.isScalar(node) && node.value === null;
}

function explainYamlError(error: yaml.YAMLParseError): [message: string, hint?: string] {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return ["A tab indents this line; YAML allows spaces only.", "Replace the tab by spaces."];
    case "MULTIPLE_DOCS":
      return [`${configName} holds more than one YAML document.`, "Remove the `---` line and what follows it."];
    case "BLOCK_AS_IMPLICIT_KEY":
      return ["A second `key:` stands on this line.", "Put quotes around a value that contains a colon."];
    default:
      return [`This is not valid YAML: ${error.message.split("\n")[0] ?? error.code}.`];
  }
}

/** What is wrong at an offset, and what to do about it. */
type Flaw = [offset: number, message: string, hint?: string];

function findTwins(library: Library, document: yaml.Document): Flaw[] {
  const twins: Flaw[] = [];
  library.visit(document, {
    Map(_key, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!library.isScalar(key)) continue;
        if (seen.has(key.value)) {
          twins.push([key.range?.[0] ?? 0, "This key is here twice in the same mapping.", "Remove one of the two."]);
        }
        seen.add(key.value);
      }
    },
  });
  // An outer mapping is looked at before those inside.
  return twins.toSorted(([left], [right]) => left - right);
}

function findBrokenAliases(library: Library, document: yaml.Document): Flaw[] {
  const broken: Flaw[] = [];
  const anchors = new Map<string, yaml.Node>();
  let count = 0;
  library.visit(document, {
    Node(_key, node) {
      if ("anchor" in node && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
    Alias(_key, node, path) {
      const target = anchors.get(node.source);
      count += 1;
      if (count > aliasLimit) {
        broken.push([offsetOf(node), `This file has more than ${aliasLimit} aliases.`, "Write the values out."]);
        return library.visit.BREAK;
      }
      if (target === undefined) {
        const message = `There is no anchor &${node.source} above this alias.`;
        broken.push([offsetOf(node), message, "Define the anchor first, or quote the value."]);
      } else if (path.includes(target)) {
        const message = `*${node.source} contains itself.`;
        broken.push([offsetOf(node), message, "An alias must not stand inside its own anchor."]);
      }
      return undefined;
    },
  });
  return broken;
}

/** The offset of a path's key or value, or of the nearest thing above it that is there. */
function findOffset(
  library: Library,
  document: yaml.Document,
  path: readonly PropertyKey[],
  at: "key" | "value",
): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const [index, segment] of path.entries()) {
    const isLast = index === path.length - 1;
    const found = findChild(library, document, node, segment);
    if (found === undefined) break;
    node = found.value;
    offset = isLast && at === "key" ? offsetOf(found.key) : (rangeStart(node) ?? offsetOf(found.key));
  }
  return offset;
}

function findChild(
  library: Library,
  document: yaml.Document,
  parent: unknown,
  segment: PropertyKey,
): { key: unknown; value: unknown } | undefined {
  const node = library.isAlias(parent) ? parent.resolve(document) : parent;
  if (library.isSeq(node)) {
    const item: unknown = node.items[Number(segment)];
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!library.isMap(node)) return undefined;
  const own = node.items.find((pair) => keyText(library, pair.key) === String(segment));
  if (own !== undefined) return own;
  const merges = node.items.filter((pair) => keyText(library, pair.key) === "<<");
  for (const { value } of merges) {
    for (const source of library.isSeq(value) ? value.items : [value]) {
      const found = findChild(library, document, source, segment);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function keyText(library: Library, key: unknown): string {
  if (!library.isScalar(key)) return String(key);
  // A merge key's value is a symbol whose description is `<<`.
  return typeof key.value === "symbol" ? "<<" : String(key.value ?? "");
}

function offsetOf(node: unknown): number {
  return rangeStart(node) ?? 0;
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  const { range } = node;
  if (!Array.isArray(range)) return undefined;
  const [start, end]: unknown[] = range;
  // A value that is left empty has no place of its own.
  return typeof start === "number" && start !== end ? start : undefined;
}
