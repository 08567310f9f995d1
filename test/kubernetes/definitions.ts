import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/**
 * The definitions of Knative and KServe as a server of 1.20 takes them: without what came to the schemas of definitions
 * later, which says nothing about types or names of fields.
 */
export function readDefinitions(folder: string): string {
  const found = readdirSync(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), "utf8")))
    .map((document) => document.toJS() as unknown)
    .filter((value) => isRecord(value) && value["kind"] === "CustomResourceDefinition");
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: found.map((value) => reduce(value, [])) });
}

const later = new Set(["x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "default"]);

function reduce(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => reduce(item, path));
  if (!isRecord(value)) return value;
  const isProperties = path.at(-1) === "properties";
  const entries = Object.entries(value)
    .filter(([key]) => isProperties || !later.has(key))
    .filter(([key]) => !(key === "conversion" && path.length === 1) && key !== "status")
    .map(([key, item]) => [key, reduce(item, [...path, key])] as const);
  return Object.fromEntries(entries);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
