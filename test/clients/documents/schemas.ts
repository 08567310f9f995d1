import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Checks a value against the schema of a name; what is wrong with it, line by line. */
export type Check = (schema: string, value: unknown) => string[];

/** Checks against schemas that refer to each other below `root` (such as `#/components/schemas/`). */
export function createCheck(root: string, schemas: Readonly<Record<string, JsonSchema>>): Check {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true, verbose: true, logger: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  let whole: Record<string, unknown> = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      adapt(schema, (reference) => find(reference, schemas, root)),
    ]),
  );
  for (const key of root.split("/").slice(1, -1).toReversed()) whole = { [key]: whole };
  ajv.addSchema({ $id: "document:", ...whole });
  return (name, value) => {
    const validate = ajv.getSchema(`document:${root}${encodeURIComponent(name)}`);
    if (validate === undefined) throw new Error(`there is no schema ${name}`);
    if (validate(value) === true) return [];
    return (validate.errors ?? [])
      .filter(({ keyword }) => keyword !== "if")
      .map(({ instancePath, keyword, message, params, data }) => {
        const why = keyword === "enum" || keyword === "const" ? ` saw ${String(data)}` : JSON.stringify(params);
        return `${name}${instancePath}: ${message} ${why}`;
      });
  };
}

type Find = (reference: unknown) => JsonSchema | undefined;

function find(reference: unknown, schemas: Readonly<Record<string, JsonSchema>>, root: string): JsonSchema | undefined {
  return typeof reference === "string" ? schemas[decodeURIComponent(reference).slice(root.length)] : undefined;
}

/** The same schema, in the way Ajv reads it best. */
function adapt(value: unknown, find: Find): unknown {
  if (Array.isArray(value)) return value.map((item) => adapt(item, find));
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, field]) => [key, adapt(field, find)]));
  return withNull(byType(inner, find));
}

/** OpenAI's document says `nullable` here and there, which its dialect does not know: what is meant is done. */
function withNull(schema: Record<string, unknown>): JsonSchema {
  if (schema["nullable"] !== true) return schema;
  const { nullable: _, ...rest } = schema;
  return { anyOf: [rest, { type: "null" }] };
}

/**
 * A union of objects that their `type` tells apart, as one rule for each type: what is wrong with a value is then told
 * of its own kind alone. What fits the union fits the rules, and the other way round.
 */
function byType(schema: Record<string, unknown>, find: Find): Record<string, unknown> {
  const key = "anyOf" in schema ? "anyOf" : "oneOf";
  const variants = schema[key];
  if (!Array.isArray(variants) || variants.length < 2) return schema;
  const groups = new Map<unknown, unknown[]>();
  const others: unknown[] = [];
  for (const variant of flatten(variants as JsonSchema[], find)) {
    const target = find(variant["$ref"]) ?? variant;
    const types = constantsOf((target["properties"] as Record<string, JsonSchema> | undefined)?.["type"]);
    const required = (target["required"] as unknown[] | undefined)?.includes("type");
    if (types === undefined || required !== true) others.push(variant);
    else for (const type of types) groups.set(type, [...(groups.get(type) ?? []), variant]);
  }
  if (groups.size < 2) return schema;
  const typed = { type: "object", required: ["type"], properties: { type: { enum: [...groups.keys()] } } };
  const rules = [...groups].map(([type, group]) => ({
    if: { type: "object", required: ["type"], properties: { type: { const: type } } },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: group.length === 1 ? group[0] : { anyOf: group },
  }));
  const { [key]: _, ...rest } = schema;
  const kinds = others.length === 0 ? typed : { anyOf: [typed, ...others] };
  return { ...rest, allOf: [...((rest["allOf"] as unknown[] | undefined) ?? []), kinds, ...rules] };
}

/** Unions within a union, taken apart. */
function flatten(variants: readonly JsonSchema[], find: Find): JsonSchema[] {
  return variants.flatMap((variant) => {
    const target = find(variant["$ref"]) ?? variant;
    const inner = target["anyOf"] ?? target["oneOf"];
    return Array.isArray(inner) && Object.keys(target).length === 1 ? flatten(inner as JsonSchema[], find) : [variant];
  });
}

function constantsOf(schema: JsonSchema | undefined): readonly unknown[] | undefined {
  if (schema === undefined) return undefined;
  if ("const" in schema) return [schema["const"]];
  return Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
}
