import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createContext } from "../../../src/runtime/context.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createSecrets, declaredSecrets } from "../../../src/runtime/secrets.ts";

const value = "v4lue-that-must-not-show";
const inherited = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "then", "get", "toJSON"];
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "truss-ts-secrets-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const secretsOf = (names: readonly string[], environment: Record<string, string> = {}) =>
  createSecrets(declaredSecrets({ secrets: Object.fromEntries(names.map((name) => [name, null])) }), {
    directory,
    environment,
  });

describe("createSecrets", () => {
  it("file before environment before config", async () => {
    const environment = { TRUSS_SECRET_a: "from the environment" };
    const secrets = createSecrets({ a: "from the config", b: "from the config" }, { directory, environment });
    expect([secrets.a, secrets.b]).toEqual(["from the environment", "from the config"]);
    await writeFile(join(directory, "a"), "from the file");
    expect(secrets.a).toBe("from the file");
    expect(secrets.get("a")).toBe("from the file");
    await rm(join(directory, "a"));
    expect(secrets.a).toBe("from the environment");
  });

  it.each([
    ["one newline", "x\n", "x"],
    ["a Windows newline", "x\r\n", "x"],
    ["two newlines", "x\n\n", "x\n"],
    ["blanks", " x \n", " x "],
  ])("cuts one newline at the end, and nothing else: %s", async (_what, text, wanted) => {
    await writeFile(join(directory, "cut"), text);
    expect(secretsOf(["cut"]).cut).toBe(wanted);
  });

  it("T157 an undeclared name throws, and says where to declare it", () => {
    const secrets = secretsOf(["known"]);
    expect(() => secrets.unknown).toThrow(/"unknown" is not declared in config\.yaml \(declared: known\)/);
    expect(() => secrets.get("unknown")).toThrow(
      expect.objectContaining({ code: "SECRET_UNDECLARED", hint: "write `unknown: null` under `secrets:` there" }),
    );
  });

  it("T157 a missing or empty one throws, and says where to put it", async () => {
    await writeFile(join(directory, "empty"), "");
    for (const name of ["known", "empty"]) {
      expect(() => secretsOf(["known", "empty"]).get(name)).toThrow(
        expect.objectContaining({ code: "SECRET_MISSING", hint: expect.stringContaining(`TRUSS_SECRET_${name}`) }),
      );
    }
  });

  it.each(inherited)("%s, not declared, is nobody's secret", (name) => {
    expect(() => secretsOf(["known"]).get(name)).toThrow(expect.objectContaining({ code: "SECRET_UNDECLARED" }));
  });

  it.each(["constructor", "__proto__", "hasOwnProperty", "valueOf"])(
    "%s, not declared, throws as a property too",
    (name) => {
      expect(() => secretsOf(["known"])[name]).toThrow(expect.objectContaining({ code: "SECRET_UNDECLARED" }));
    },
  );

  it.each(inherited)("%s, declared, has its value, and throws without one", (name) => {
    const secrets = secretsOf([name], { [`TRUSS_SECRET_${name}`]: value });
    expect(secrets[name]).toBe(value);
    expect(() => secretsOf([name])[name]).toThrow(expect.objectContaining({ code: "SECRET_MISSING" }));
  });

  it.each(["../secret", "a/b", "..", "."])("%s reads no file", (name) => {
    expect(() => createSecrets({ [name]: null }, { directory, environment: {} }).get(name)).toThrow("has no value");
  });

  it("cannot be set", () => {
    expect(() => Object.assign(secretsOf(["known"]), { known: "mine" })).toThrow("cannot be set");
  });

  it("can be awaited and returned from an async function", async () => {
    const secrets = secretsOf(["known"], { TRUSS_SECRET_known: value });
    expect((await Promise.resolve(secrets)).known).toBe(value);
  });
});

describe("a context never shows a secret", () => {
  const environment = { TRUSS_SECRET_api_key: value };
  const contextOf = () =>
    createContext({
      config: { model_name: "m", secrets: { api_key: value, toString: value } },
      secrets: createSecrets({ api_key: value }, { directory, environment }),
      environment: null,
      dataDir: "/data",
      log: createLog({ form: "plain", sink: () => undefined }),
    });

  it.each([
    ["inspect", (shown: object) => inspect(shown, { depth: 9, showHidden: true, getters: true })],
    ["inspect with proxies", (shown: object) => inspect(shown, { depth: 9, showProxy: true })],
    ["JSON", (shown: object) => JSON.stringify(shown)],
    ["format", (shown: object) => format("%s %o %O %j", shown, shown, shown, shown)],
    ["a template", (shown: object) => `${String("secrets" in shown ? shown.secrets : shown)}`],
    ["keys", (shown: object) => Object.keys(shown).join()],
    ["entries", (shown: object) => inspect(Object.entries(shown), { depth: 9 })],
    ["a spread", (shown: object) => inspect({ ...shown }, { depth: 9 })],
    ["descriptors", (shown: object) => inspect(Object.getOwnPropertyDescriptors(shown), { depth: 9 })],
    ["for in", (shown: object) => [...forIn(shown)].join()],
  ])("by %s", (_how, show) => {
    const context = contextOf();
    expect(show(context)).not.toContain(value);
    expect(show(context.secrets)).not.toContain(value);
    expect(context.secrets.api_key).toBe(value);
  });

  it("by a structured clone", () => {
    expect(() => structuredClone(contextOf().secrets)).toThrow();
    expect(() => structuredClone(contextOf())).toThrow();
  });

  it("by the errors of undeclared and missing ones", () => {
    const { secrets } = contextOf();
    expect(() => secrets.other).toThrow(expect.not.objectContaining({ message: expect.stringContaining(value) }));
  });
});

function* forIn(target: object): Generator<string> {
  for (const key in target) yield key;
}
