import { describe, expect, it } from "vitest";
import { isTrussError } from "../../../src/errors.ts";
import { refuseSecrets } from "../../../src/push/secrets.ts";
import { textFile } from "../../../src/push/staged-file.ts";
import { createTempProject, pathsOf, plainModel, put, stageFolder, stageOf, textOf } from "./stage-project.ts";

const letters = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYzAbCdEfGhIjKlMnOp";
/** Put together here, so that no scanner takes this file for one with secrets. */
const tokens: Readonly<Record<string, string>> = {
  "a private key": `-----BEGIN RSA ${"PRIVATE"} KEY-----\nMIIEowIBAAKCAQEA${letters}\n`,
  "an AWS access key": `AKI${"A"}QWERTYUIOPASDF23`,
  "a GitHub token": `ghp${"_"}${letters.slice(0, 36)}`,
  "an npm token": `npm${"_"}${letters.slice(0, 36)}`,
  "an OpenAI key": `sk-proj${"-"}${letters}`,
  "an Anthropic key": `sk-ant${"-"}api03-${letters}`,
  "a Baseten key": `aB3dE5fG.${letters.slice(0, 32)}`,
  "a Slack token": `xoxb${"-"}123456789012-${letters.slice(0, 24)}`,
  "a Hugging Face token": `hf${"_"}${letters.slice(0, 34)}`,
  "a Google API key": `AIz${"a"}${letters.slice(0, 35)}`,
};

function refusal(files: Readonly<Record<string, string>>, allowed: readonly string[] = []) {
  return errorOf(stageOf(files, { allowed }));
}

/** Of one staged file, without a build. */
function refusalOf(path: string, text: string) {
  const search = { root: import.meta.dirname, allowed: new Set<string>(), signal: new AbortController().signal };
  return errorOf(refuseSecrets({ ...search, files: [textFile(path, text)] }));
}

async function errorOf(work: Promise<unknown>) {
  try {
    await work;
  } catch (error) {
    if (isTrussError(error)) return error;
    throw error;
  }
  return undefined;
}

describe("a secret stops the push", () => {
  it.each(Object.entries(tokens))("%s in a file", async (what, token) => {
    const error = await refusalOf("data/notes.txt", `one\r\ntwo "${token}"\n`);
    expect(error).toMatchObject({ code: "STAGE_SECRET", file: "data/notes.txt", line: 2, exitCode: 1 });
    expect(error?.message).toContain(`data/notes.txt:2 (${what})`);
    expect(JSON.stringify([error?.message, error?.hint])).not.toContain(token.slice(-12));
  });

  it("that config.yaml gives a value to, wherever that stands", async () => {
    const value = "only-for-this-machine";
    const config = `secrets:\n  my_key: ${value}\n  none: null\n  short: abc\n`;
    const error = await refusal({ "config.yaml": config, "data/notes.txt": `x ${value} abc` });
    expect(error).toMatchObject({ code: "STAGE_SECRET", file: "data/notes.txt", line: 1 });
    expect(error?.message).toContain("the value of my_key in config.yaml");
    expect(JSON.stringify([error?.message, error?.hint])).not.toContain(value);
  });

  it.each([0, 5])("each of them in the model's code, by its source", async (from) => {
    const some = Object.entries(tokens).slice(from, from + 5);
    const lines = some.map(([, token], index) => `export const key${index}: string = ${JSON.stringify(token)};`);
    const error = await refusal({
      "model/model.ts": 'import * as keys from "./deep/keys.ts";\nexport class Model { predict() { return keys; } }',
      "model/deep/keys.ts": `// all the keys\n${lines.join("\n")}\n`,
    });
    const named = some.map(([what], index) => `model/deep/keys.ts:${index + 2} (${what})`);
    expect(error?.message).toBe(`This looks like a secret and would be pushed: ${named.join(", ")}.`);
  });

  it("the values of .env files, in text and in code", async () => {
    const files = {
      ".env":
        "SERVICE_PASSWORD='hush \"hush\" hush'\nNODE_ENV=production\nMODEL_NAME=llama-3.1-8b-instruct\nDEBUG=true\n",
      ".env.production": "DATABASE_URL=postgres://me:word@db/prod\nOTHER=q1w2e3r4t5y6\n",
      ".env.example": "EXAMPLE_KEY=put-yours-here\n",
      "model/model.ts":
        "export class Model { predict() { return 'production llama-3.1-8b-instruct put-yours-here'; } }",
    };
    const { stage } = await stageOf(files);
    expect(pathsOf(stage)).toEqual(["config.yaml", "model/server.mjs", "model/server.mjs.map"]);
    const error = await refusal({
      ...files,
      "data/a.json": JSON.stringify({ p: 'hush "hush" hush' }),
      "data/b": "x\npostgres://me:word@db/prod",
      "model/c.md": "q1w2e3r4t5y6",
    });
    expect(error?.message).toContain("data/a.json:1 (the value of SERVICE_PASSWORD in .env)");
    expect(error?.message).toContain("data/b:2 (the value of DATABASE_URL in .env.production)");
    expect(error?.message).toContain("model/c.md:1 (the value of OTHER in .env.production)");
  });

  it.each([
    ["base64", Buffer.from("q1w2e3r4>?t5y6")],
    ["base64 of more", Buffer.from("me:q1w2e3r4>?t5y6@host")],
    ["base64 of still more", Buffer.from("you:q1w2e3r4>?t5y6")],
  ])("the values of .env files in %s", async (_, bytes) => {
    const env = { ".env": "A_TOKEN=q1w2e3r4>?t5y6\n" };
    for (const encoding of ["base64", "base64url"] as const) {
      const error = await refusal({ ...env, "data/a.yaml": `auth: ${bytes.toString(encoding)}\n` });
      expect(error?.message).toContain("data/a.yaml:1 (the value of A_TOKEN in .env)");
    }
  });

  it("the values of .env files in an address, and in text of Windows' shell", async () => {
    const root = createTempProject({ ...plainModel, ".env": "A_TOKEN=q1w2e3r4>?t5y6\n" });
    put(root, "data/url.txt", "https://host/?k=q1w2e3r4%3E%3Ft5y6");
    put(root, "data/wide.txt", Buffer.from("\uFEFFone\r\nq1w2e3r4>?t5y6", "utf16le"));
    const error = await errorOf(stageFolder(root));
    expect(error?.message).toContain("data/url.txt:1 (the value of A_TOKEN in .env)");
    expect(error?.message).toContain("data/wide.txt:2 (the value of A_TOKEN in .env)");
  });

  it("in config.yaml, told once; the values of declared secrets are not staged at all", async () => {
    const token = tokens["an OpenAI key"] ?? "";
    const error = await refusal({ "config.yaml": `model_name: m\nenvironment_variables:\n  A: ${token}\n` });
    expect(error?.message).toMatch(
      /^This looks like a secret and would be pushed: config\.yaml:\d+ \(an OpenAI key\)\.$/,
    );
    const { stage } = await stageOf({ "config.yaml": `model_name: m\nsecrets:\n  A: ${token}\n` });
    for (const path of pathsOf(stage)) expect(await textOf(stage, path)).not.toContain(token);
  });

  it("unless it is allowed, or named in .trussignore", async () => {
    const files = { "data/notes.txt": tokens["a GitHub token"] ?? "", "data/ca.pem": "certificate" };
    const { stage, warnings } = await stageOf(files, { allowed: ["data/notes.txt", "data/ca.pem"] });
    expect(pathsOf(stage)).toEqual(expect.arrayContaining(["data/notes.txt", "data/ca.pem"]));
    expect(warnings).toEqual([]);
    expect(await refusal({ ...files, ".trussignore": "notes.txt" })).toBeUndefined();
    const code = { "model/model.ts": `export class Model { predict() { return "${tokens["a GitHub token"]}"; } }` };
    expect(await refusal(code, ["model/model.ts"])).toBeUndefined();
  });
});

describe("no secret is seen", () => {
  it.each([
    [
      "in the first line of a key without one",
      'const head = "-----BEGIN PRIVATE KEY-----";\nconst tail = body + head;',
    ],
    ["in AWS's own example", "AKIAIOSFODNN7EXAMPLE"],
    ["in words", "task-force-project-with-a-long-name sk-button-primary-large-rounded"],
    ["in a name of code", "document.getElementByIdentifierOrSomethings"],
    ["in hashes", `sha256:${"0123456789abcdef".repeat(4)} ${"0123456789abcdef".repeat(2)}`],
  ])("%s", async (_name, text) => {
    expect(await refusalOf("data/a.txt", text)).toBeUndefined();
  });

  it("in binary files, whose bytes are no text", async () => {
    expect(await refusalOf("data/a.bin", `\0${tokens["a GitHub token"]}`)).toBeUndefined();
  });
});
