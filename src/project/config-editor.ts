import type * as yaml from "yaml";
import { parseDocument } from "./yaml.ts";

/** A `config.yaml` that is being changed. What is not touched keeps its comments, its order and its way of writing. */
export interface ConfigEditor {
  /** The plain value at a path. */
  get(path: readonly string[]): unknown;
  /** Mappings on the way are made where there are none. */
  set(path: readonly string[], value: unknown): void;
  /** Removes a key. A mapping that it leaves empty stays. */
  delete(path: readonly string[]): void;
  /** Takes a key with its comments from one mapping to the end of another. */
  move(from: readonly string[], to: readonly string[]): void;
  /** Adds to the end of a list, which is made where there is none. */
  append(path: readonly string[], item: unknown): void;
  /** Removes keys without a value, but for those below the top-level keys that are named. */
  deleteEmpty(besides: readonly string[]): void;
  text(): string;
}

type Library = typeof yaml;

/**
 * Aliases and merges are written out first: what an edit changes in one place must not change where another names it.
 * The text must have parsed without faults.
 */
export async function editConfig(text: string): Promise<ConfigEditor> {
  const library = await import("yaml");
  const document = parseDocument(library, text.replaceAll("\r\n", "\n"));
  if (!library.isMap(document.contents)) document.contents = withComments(document, new library.YAMLMap());
  writeAliasesOut(library, document);
  quoteStrings(library, document);
  const makeMap = (path: readonly string[]) => findOrMakeMap(library, document, path);
  return {
    get: (path) => toPlain(library, document, document.getIn(path)),
    set(path, value) {
      const map = makeMap(path.slice(0, -1));
      const node = document.createNode(value);
      const old: unknown = map.get(path.at(-1), true);
      // The comment behind a value speaks of the key.
      if (library.isScalar(old) && library.isScalar(node) && old.comment) node.comment = old.comment;
      map.set(path.at(-1), node);
    },
    delete(path) {
      if (document.hasIn(path)) document.deleteIn(path);
    },
    move(from, to) {
      const source = makeMap(from.slice(0, -1));
      const index = source.items.findIndex(({ key }) => keyOf(library, key) === from.at(-1));
      const [pair] = index === -1 ? [] : source.items.splice(index, 1);
      if (pair !== undefined) makeMap(to.slice(0, -1)).items.push(pair);
    },
    append(path, item) {
      const list = document.getIn(path);
      if (library.isSeq(list)) list.add(document.createNode(item));
      else makeMap(path.slice(0, -1)).set(path.at(-1), document.createNode([item]));
    },
    deleteEmpty: (besides) => deleteEmpty(library, document, new Set(besides)),
    text: () => document.toString({ lineWidth: 0 }),
  };
}

/** A file of comments alone has no contents to hold them. */
function withComments(document: yaml.Document, map: yaml.YAMLMap): yaml.YAMLMap {
  if (document.contents?.commentBefore) map.commentBefore = document.contents.commentBefore;
  document.commentBefore ??= document.comment;
  document.comment = null;
  return map;
}

function toPlain(library: Library, document: yaml.Document, node: unknown): unknown {
  return library.isNode(node) ? node.toJS(document) : node;
}

function findOrMakeMap(library: Library, document: yaml.Document, path: readonly string[]): yaml.YAMLMap {
  const top = document.contents;
  if (!library.isMap(top)) throw new TypeError("The editor's document is always a mapping.");
  let map: yaml.YAMLMap = top;
  for (const key of path) {
    const found: unknown = map.get(key, true);
    const next: yaml.YAMLMap = library.isMap(found) ? found : new library.YAMLMap();
    if (next !== found) map.set(key, next);
    map = next;
    // `{}` on one line is for what is empty.
    if (map.items.length === 0) map.flow = false;
  }
  return map;
}

function keyOf(library: Library, key: unknown): string {
  return library.isScalar(key) && typeof key.value === "symbol"
    ? "<<"
    : String(library.isScalar(key) ? key.value : key);
}

function writeAliasesOut(library: Library, document: yaml.Document): void {
  library.visit(document, {
    Alias: (_key, alias) => copyOf(alias.resolve(document)),
  });
  library.visit(document, {
    Map(_key, map) {
      if (map.items.some(({ key }) => keyOf(library, key) === "<<")) map.items = mergePairs(library, map);
    },
  });
  library.visit(document, {
    Node(_key, node) {
      if ("anchor" in node) delete node.anchor;
    },
  });
}

/** Python's parser takes a plain `2024-01-31` for a date and stumbles over `=`; to us both are strings. */
function quoteStrings(library: Library, document: yaml.Document): void {
  library.visit(document, {
    Scalar(_key, scalar) {
      if (scalar.type !== "PLAIN" || typeof scalar.value !== "string") return;
      if (/^(?:\d{4}-\d\d?-\d\d?(?:[Tt\s].*)?|=)$/.test(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
  });
}

function deleteEmpty(library: Library, document: yaml.Document, besides: ReadonlySet<string>): void {
  library.visit(document, {
    Pair(_key, pair, path) {
      const value: unknown = pair.value;
      if (value === null || (library.isScalar(value) && value.value === null)) return library.visit.REMOVE;
      const isTop = path.at(-1) === document.contents;
      return isTop && besides.has(keyOf(library, pair.key)) ? library.visit.SKIP : undefined;
    },
  });
}

function copyOf(node: yaml.Node | undefined): yaml.Node | undefined {
  const copy = node?.clone() as yaml.Node | undefined;
  if (copy !== undefined && "anchor" in copy) delete copy.anchor;
  return copy;
}

/** A mapping's own keys win over merged ones, and the first of several merged mappings over those after it. */
function mergePairs(library: Library, map: yaml.YAMLMap): yaml.Pair[] {
  const taken = new Set(map.items.map(({ key }) => keyOf(library, key)));
  return map.items.flatMap((pair): yaml.Pair[] => {
    if (keyOf(library, pair.key) !== "<<") return [pair];
    const sources: unknown[] = library.isSeq(pair.value) ? pair.value.items : [pair.value];
    return sources.filter(library.isMap).flatMap((source) =>
      mergePairs(library, source).filter(({ key }) => {
        const name = keyOf(library, key);
        if (taken.has(name)) return false;
        taken.add(name);
        return true;
      }),
    );
  });
}
