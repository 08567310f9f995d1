import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findCredentials } from "../../src/baseten/credentials.ts";
import { IniError, parseIni } from "../../src/baseten/ini.ts";
import { hasTruss, python } from "./truss.ts";

type Sections = Readonly<Record<string, Readonly<Record<string, string | null>>>>;

interface Found {
  readonly remotes: Sections;
  readonly texts: readonly (Sections | null)[];
}

const logins = [
  { remote: "baseten", key: "abcdefgh.0123456789" },
  { remote: "Staging 2", key: "key=with:signs;and#more" },
];

/** Texts made of what means something to a parser of such files. */
const pieces = [
  "[",
  "]",
  "a",
  "B",
  "=",
  ":",
  " ",
  "  ",
  "\t",
  "\n",
  "\n",
  "\r\n",
  "#",
  ";",
  "%",
  "%%",
  "%(a)s",
  "[a]\n",
  "[DEFAULT]\n",
  "a = 1\n",
];
const texts = fc.sample(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), { numRuns: 3_000, seed: 7 });
const joined = texts.map((parts, index) => (index % 2 === 0 ? "[s]\n" : "") + parts.join(""));

describe.skipIf(!hasTruss)("a .trussrc of the real Truss", () => {
  let found: Found = { remotes: {}, texts: [] };
  const home = mkdtempSync(join(tmpdir(), "truss-ts-trussrc-"));
  const path = join(home, ".trussrc");
  const env = { USER_TRUSSRC_PATH: path };

  beforeAll(async () => {
    found = await ask({ path, logins, texts: joined }, home);
  });

  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it.each(logins)("gives us the key that it was given: $remote", ({ remote, key }) => {
    const credentials = findCredentials({ env, remote });
    expect(credentials).toMatchObject({ remote, source: "trussrc", remoteUrl: "https://app.baseten.co" });
    expect(credentials.key.reveal()).toBe(key);
    expect(found.remotes[remote]).toMatchObject({ api_key: key, remote_url: credentials.remoteUrl });
  });

  it("is read by us as Python reads it, whatever is in it", () => {
    expect(found.texts).toHaveLength(joined.length);
    const read = found.texts.filter((answer) => answer !== null);
    expect(read.length).toBeGreaterThan(300);
    expect(read.length).toBeLessThan(joined.length - 300);
    for (const [index, theirs] of found.texts.entries()) {
      const source = joined[index] ?? "";
      const ours = readOurs(source);
      expect(ours === null, JSON.stringify(source)).toBe(theirs === null);
      if (ours !== null && theirs !== null)
        expect(onlyRead(ours, theirs), JSON.stringify(source)).toEqual(readable(theirs));
    }
  });
});

function readOurs(source: string): Sections | null {
  try {
    return Object.fromEntries([...parseIni(source)].map(([name, values]) => [name, Object.fromEntries(values)]));
  } catch (error) {
    if (error instanceof IniError) return null;
    throw error;
  }
}

/** Without the values that Python refuses for a lone percent sign. */
function readable(theirs: Sections): Sections {
  return onlyRead(theirs, theirs);
}

function onlyRead(sections: Sections, theirs: Sections): Sections {
  const keep =
    (name: string) =>
    ([key]: readonly [string, unknown]) =>
      theirs[name]?.[key] !== null;
  return Object.fromEntries(
    Object.entries(sections).map(([name, values]) => [
      name,
      Object.fromEntries(Object.entries(values).filter(keep(name))),
    ]),
  );
}

async function ask(question: object, home: string): Promise<Found> {
  const script = fileURLToPath(new URL("remotes.py", import.meta.url));
  const env = { ...process.env, HOME: home, PYTHONIOENCODING: "utf-8" };
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "pipe"], env });
  child.stdin.end(JSON.stringify(question));
  const [output, story] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (output === "") throw new Error(`Truss gave no answer:\n${story}`);
  return JSON.parse(output) as Found;
}
