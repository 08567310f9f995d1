/** Sections by name, each with its keys in lower case. What `[DEFAULT]` says holds in every section. */
export type IniSections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Where the text is not what Python's `configparser` reads. Says nothing of the line's content: it may be a key. */
export class IniError extends Error {
  constructor(
    readonly line: number,
    problem: string,
  ) {
    super(problem);
  }
}

interface Draft {
  readonly sections: Map<string, Map<string, string>>;
  section: Map<string, string> | undefined;
  key: string | undefined;
  /** How far the last key or section was indented: what is indented further goes on with the value. */
  indent: number;
}

/**
 * Reads a file as Python's `configparser` does with its defaults, which is what Truss uses: `=` or `:`, comments on lines
 * of their own, lines indented further that go on with a value, `%(name)s` for another key's value.
 *
 * @throws IniError
 */
export function parseIni(text: string): IniSections {
  const draft: Draft = { sections: new Map(), section: undefined, key: undefined, indent: 0 };
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    readLine(draft, line, index + 1);
  }
  const defaults = draft.sections.get(defaultSection) ?? new Map<string, string>();
  draft.sections.delete(defaultSection);
  return new Map([...draft.sections].map(([name, own]) => [name, resolveValues(new Map([...defaults, ...own]))]));
}

const defaultSection = "DEFAULT";

function readLine(draft: Draft, line: string, number: number): void {
  const content = line.trim();
  if (content.startsWith("#") || content.startsWith(";")) return undefined;
  const indent = line.length - line.trimStart().length;
  // An empty line belongs to a value that goes on behind it.
  if (content === "" || (draft.key !== undefined && indent > draft.indent)) return goOn(draft, content);
  draft.indent = indent;
  const name = /^\[(.+)\]/.exec(content)?.[1];
  return name === undefined ? readKey(draft, content, number) : openSection(draft, name, number);
}

function goOn({ section, key }: Draft, content: string): void {
  if (section !== undefined && key !== undefined) section.set(key, `${section.get(key) ?? ""}\n${content}`);
}

function openSection(draft: Draft, name: string, number: number): void {
  const before = draft.sections.get(name);
  if (before !== undefined && name !== defaultSection)
    throw new IniError(number, `the section [${name}] is there twice`);
  draft.section = before ?? new Map();
  draft.key = undefined;
  draft.sections.set(name, draft.section);
}

function readKey(draft: Draft, content: string, number: number): void {
  if (draft.section === undefined) throw new IniError(number, "something stands before the first [section]");
  const found = /^([^=:]+?)\s*[=:]\s*(.*)$/s.exec(content);
  const key = found?.[1]?.toLowerCase();
  if (key === undefined) throw new IniError(number, "the line is neither a [section] nor name = value");
  if (draft.section.has(key)) throw new IniError(number, `${key} is there twice in its section`);
  draft.section.set(key, found?.[2] ?? "");
  draft.key = key;
}

/** References within references, at most. */
const maxDepth = 10;

function resolveValues(raw: ReadonlyMap<string, string>): Map<string, string> {
  const values = new Map([...raw].map(([key, value]) => [key, value.trimEnd()]));
  const resolve = (text: string, depth: number): string =>
    text.replaceAll(/%%|%\(([^)]+)\)s/g, (whole, name: string | undefined) => {
      const value = name === undefined ? "%" : values.get(name.toLowerCase());
      if (name === undefined || value === undefined || depth === maxDepth) return value ?? whole;
      return resolve(value, depth + 1);
    });
  return new Map([...values].map(([key, value]) => [key, resolve(value, 0)]));
}
