import { HttpError } from "../errors.ts";
import type { EndpointMethod } from "../model/endpoints.ts";

/** What of Standard Schema we call; zod, valibot, arktype and others have it. */
export interface StandardSchema {
  readonly "~standard": {
    readonly validate: (value: unknown) => ValidationResult | Promise<ValidationResult>;
    readonly jsonSchema?: {
      readonly input?: (options: JsonSchemaOptions) => unknown;
      readonly output?: (options: JsonSchemaOptions) => unknown;
    };
  };
}

interface JsonSchemaOptions {
  readonly target: string;
  readonly libraryOptions?: Readonly<Record<string, unknown>>;
}

interface ValidationResult {
  readonly value?: unknown;
  readonly issues?: readonly ValidationIssue[];
}

interface ValidationIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

export interface EndpointSchema {
  readonly input?: StandardSchema;
  readonly output?: StandardSchema;
}

/** `static schema = { predict: { input, output } }`, as far as it holds Standard Schemas. */
export function schemasOf(modelClass: object | undefined): Partial<Record<EndpointMethod, EndpointSchema>> {
  const declared: unknown = modelClass === undefined ? undefined : Reflect.get(modelClass, "schema");
  return typeof declared === "object" && declared !== null
    ? (declared as Partial<Record<EndpointMethod, EndpointSchema>>)
    : {};
}

/** The validated (and possibly transformed) value; a 400 that names each failing path otherwise. */
export async function validateInput(schema: StandardSchema, value: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new HttpError(400, issuesText("Input Parsing Error", result.issues), { param: pathText(result.issues[0]) });
}

/** The validated output; a plain error otherwise, since the fault is the model's. */
export async function validateOutput(schema: StandardSchema, value: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new Error(issuesText("Output does not match its schema", result.issues));
}

/** The JSON Schema of one side, where the library can tell it. What it cannot tell of is left open. */
export function toJsonSchema(schema: StandardSchema | undefined, side: "input" | "output"): unknown {
  if (schema === undefined) return undefined;
  const ways = [...standardWays(schema, side), ...ownWays(schema, side)];
  for (const way of ways) {
    try {
      return way();
    } catch {
      // Something in the schema has no counterpart in JSON Schema, such as a date.
    }
  }
  return undefined;
}

const target = "draft-2020-12";
/** How zod is told to leave such things open; other libraries have no such word, and heed no other. */
const lenient = { unrepresentable: "any" };

function standardWays(schema: StandardSchema, side: "input" | "output"): (() => unknown)[] {
  const make = schema["~standard"].jsonSchema?.[side];
  return make === undefined ? [] : [() => make({ target }), () => make({ target, libraryOptions: lenient })];
}

/** What zod and arktype had before there was a standard for it. */
function ownWays(schema: StandardSchema, side: "input" | "output"): (() => unknown)[] {
  const method = (name: string): ((...args: unknown[]) => unknown) | undefined => {
    const own: unknown = Reflect.get(schema, name);
    return typeof own === "function" ? (...args) => Reflect.apply(own, schema, args) : undefined;
  };
  const [zod, arktype] = [method("toJSONSchema"), method("toJsonSchema")];
  return [
    ...(zod === undefined ? [] : [() => zod({ io: side, ...lenient })]),
    ...(arktype === undefined ? [] : [() => arktype()]),
  ];
}

function issuesText(title: string, issues: readonly ValidationIssue[]): string {
  const lines = issues.map((issue) => `  \`${pathText(issue)}\`: ${issue.message}`);
  return [`${title}${issues.length === 1 ? "" : "s"}:`, ...lines].join("\n");
}

/** `messages[0].content`, as people write it. */
function pathText(issue: ValidationIssue | undefined): string {
  const keys = (issue?.path ?? []).map((segment) => (typeof segment === "object" ? segment.key : segment));
  return (
    keys
      .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
      .join("") || "__root__"
  );
}
