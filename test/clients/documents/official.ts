import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Check, type JsonSchema, createCheck } from "./schemas.ts";

/**
 * The official documents, each at one commit. Their text is no part of this repository: it is read from the folder that
 * TRUSS_TS_DOCUMENTS names (as `<name>.json`), else downloaded once.
 */
const documents = {
  "openai-openapi": {
    repository: "openai/openai-openapi",
    commit: "f85dbe223d40e1a31cba812ab2d755c7e98a92a3",
    path: "openapi.json",
    licence: "MIT",
    sha256: "bbfd19abcde0e7412da99378deb2a959ccdd3a812f97c9e35901921e8e973f9a",
  },
  "open-responses": {
    repository: "openresponses/openresponses",
    commit: "92c12d96d7b61d6d15e2214daa5e9c6000ab6e1c",
    path: "public/openapi/openapi.json",
    licence: "Apache-2.0",
    sha256: "693f26090d206230ed22b336681f547a2882cf5b131e86743966cf71bbdeedab",
  },
} as const;

export type DocumentName = keyof typeof documents;

interface OpenApiDocument {
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
  readonly paths: Readonly<Record<string, { readonly post?: { readonly responses: Record<string, StatusAnswer> } }>>;
}

interface StatusAnswer {
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

/** Checks against the official documents. What is missing is told by a sentence. */
export async function checkByOfficial(name: DocumentName): Promise<Check | string> {
  const document = await readDocument(name);
  if (typeof document === "string") return document;
  const { schemas } = document.components;
  if (name === "openai-openapi") return createCheck(root, schemas);
  // Open Responses has its events in a list without a name.
  const events = document.paths["/responses"]?.post?.responses["200"]?.content["text/event-stream"]?.schema;
  if (events === undefined) throw new Error("the document of Open Responses has no events");
  return createCheck(root, { ...schemas, ResponseStreamEvent: events });
}

const root = "#/components/schemas/";

const cache = fileURLToPath(new URL("../node_modules/.cache", import.meta.url));
const patienceMs = 10_000;

/** The document, or why it cannot be had here. */
async function readDocument(name: DocumentName): Promise<OpenApiDocument | string> {
  const { repository, commit, path, sha256 } = documents[name];
  const given = process.env["TRUSS_TS_DOCUMENTS"];
  const kept = join(given ?? cache, `${name}.json`);
  let text = await readFile(kept, "utf8").catch(() => undefined);
  if (text === undefined) {
    const url = `https://raw.githubusercontent.com/${repository}/${commit}/${path}`;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
      if (!response.ok) return `${url} answers ${response.status}`;
      text = await response.text();
    } catch (error) {
      return `${url} cannot be reached (${String(error)})`;
    }
  }
  const digest = createHash("sha256").update(text).digest("hex");
  if (digest !== sha256) throw new Error(`${name} is not the document that is meant: its SHA-256 is ${digest}`);
  if (given === undefined) {
    await mkdir(cache, { recursive: true });
    await writeFile(kept, text);
  }
  return JSON.parse(text) as OpenApiDocument;
}
