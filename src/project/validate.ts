import type * as zod from "zod";
import type { Fault } from "../errors.ts";
import { suggest } from "../lib/suggest.ts";
import { ownRuntimeKeys } from "./own-keys.ts";
import { createConfigSchema } from "./schema.ts";
import type { ConfigSource } from "./yaml.ts";

/** Nobody reads more of one kind, and finding the place of each costs time. */
const faultLimit = 100;

/** All that is wrong with the keys and values of a parsed `config.yaml`. */
export async function validateConfig(source: ConfigSource): Promise<readonly Fault[]> {
  const schema = createConfigSchema(await import("zod"));
  const result = schema.safeParse(source.values);
  const faults = result.success
    ? []
    : result.error.issues
        .slice(0, faultLimit)
        .flatMap((issue) =>
          issue.code === "unrecognized_keys"
            ? issue.keys
                .slice(0, faultLimit)
                .map((key) => describeUnknownKey(source, issue.path, key, knownKeys(schema, issue.path)))
            : isMisspelt(source, schema, issue)
              ? []
              : [describeIssue(source, issue)],
        );
  return [...faults, ...findCombinationFaults(source)];
}

function describeUnknownKey(source: ConfigSource, path: readonly PropertyKey[], key: string, known: string[]): Fault {
  const near = suggest(key, known);
  const name = formatPath([...path, key]);
  const message = `Unknown key "${name}"${near === undefined ? "." : `: did you mean "${near}"?`}`;
  return source.faultAt([...path, key], message, unknownKeyHint(path, near), "key");
}

/** A key that is missing since it stands there wrongly spelt is told of once. */
function isMisspelt(source: ConfigSource, schema: unknown, { path }: zod.core.$ZodIssue): boolean {
  const parent = readPath(source.values, path.slice(0, -1));
  if (typeof parent !== "object" || parent === null || !isAbsent(readPath(source.values, path))) return false;
  const known = knownKeys(schema, path.slice(0, -1));
  return Object.keys(parent).some((key) => !known.includes(key) && suggest(key, known) === path.at(-1));
}

function unknownKeyHint(path: readonly PropertyKey[], near: string | undefined): string {
  if (near !== undefined) return `Rename it to ${near}.`;
  return path.length === 0
    ? "Remove it. Values of your own belong under model_metadata, where your code reads them from context.config."
    : "Remove it.";
}

function describeIssue(source: ConfigSource, issue: zod.core.$ZodIssue): Fault {
  const { path } = issue;
  if (issue.code === "invalid_key") {
    const message = `${formatPath(path.slice(0, -1))}: "${String(path.at(-1))}" ${issue.issues[0]?.message ?? "is not a name that may stand here"}.`;
    return source.faultAt(path, message, undefined, "key");
  }
  const value = readPath(source.values, path);
  if (isAbsent(value) && (issue.code === "invalid_type" || issue.code === "invalid_value")) {
    return source.faultAt(path, `${formatPath(path)} is missing.`, "Add it, or remove what needs it.");
  }
  const label = issue.code === "invalid_type" || issue.code === "invalid_union" ? `, not ${typeLabel(value)}` : "";
  const hint = valueHint(issue.message, value);
  return source.faultAt(path, `${formatPath(path)} ${issue.message}${label}.`, hint);
}

/** Values themselves are not shown: one of them may be a secret. */
function typeLabel(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "a string" : `a ${typeof value}`;
}

function valueHint(message: string, value: unknown): string | undefined {
  const wantsText = message.startsWith("must be a string") || message.includes("null) or a string");
  if (wantsText && (typeof value === "number" || typeof value === "boolean")) return "Put it in quotes.";
  if (message.startsWith("must be a whole") && typeof value === "string" && /^\d+$/.test(value)) {
    return "Remove the quotes.";
  }
  if (message.startsWith("must be true or false") && typeof value === "string")
    return "Write true or false, without quotes.";
  return undefined;
}

/** Pairs of keys that are right each by itself. */
function findCombinationFaults(source: ConfigSource): Fault[] {
  const faults: Fault[] = [];
  const has = (key: string) => {
    const value = source.values[key];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== "";
  };
  for (const [left, right] of [
    ["requirements_file", "requirements"],
    ["model_cache", "weights"],
    ["hf_cache", "weights"],
    ["hf_cache", "model_cache"],
  ] as const) {
    if (!has(left) || !has(right)) continue;
    faults.push(source.faultAt([right], `${right} and ${left} exclude each other.`, "Keep one of the two.", "key"));
  }
  for (const key of ownRuntimeKeys) {
    const path = ["model_metadata", "truss_ts", "runtime", key];
    if (isAbsent(readPath(source.values, path)) || isAbsent(readPath(source.values, ["runtime", key]))) continue;
    const message = `runtime.${key} and ${path.join(".")} are the same setting.`;
    faults.push(source.faultAt(path, message, "Keep one of the two.", "key"));
  }
  const user = ["docker_server", "run_as_user_id"];
  if (
    !isAbsent(readPath(source.values, user)) &&
    readPath(source.values, ["runtime", "remote_ssh", "enabled"]) === true
  ) {
    const message = "docker_server.run_as_user_id and runtime.remote_ssh.enabled exclude each other.";
    faults.push(source.faultAt(user, message, "SSH needs Baseten's own user: remove one of the two.", "key"));
  }
  if (readPath(source.values, ["build", "no_cache"]) === true) {
    const message = "build.no_cache cannot be set in the file.";
    faults.push(source.faultAt(["build", "no_cache"], message, "Remove it; it is a flag of the push.", "key"));
  }
  return faults;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** The keys that the schema knows at a path, through lists and optional values. */
function knownKeys(schema: unknown, path: readonly PropertyKey[]): string[] {
  let current = unwrap(schema);
  for (const segment of path) {
    const shape = shapeOf(current);
    current = unwrap(shape === undefined ? memberOf(current, "element") : memberOf(shape, segment));
  }
  return Object.keys(shapeOf(current) ?? {});
}

function unwrap(schema: unknown): unknown {
  const inner = memberOf(memberOf(schema, "def"), "innerType");
  return inner === undefined ? schema : unwrap(inner);
}

function shapeOf(schema: unknown): object | undefined {
  const shape = memberOf(schema, "shape");
  return typeof shape === "object" && shape !== null ? shape : undefined;
}

function readPath(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, segment) => memberOf(value, segment), values);
}

function memberOf(target: unknown, key: PropertyKey): unknown {
  return typeof target === "object" && target !== null && Object.hasOwn(target, key)
    ? Reflect.get(target, key)
    : memberOfClass(target, key);
}

/** zod defines `shape` and `element` on the instance or its class; plain data has neither. */
function memberOfClass(target: unknown, key: PropertyKey): unknown {
  const isSchemaMember = key === "shape" || key === "element" || key === "def";
  return isSchemaMember && typeof target === "object" && target !== null ? Reflect.get(target, key) : undefined;
}

/** `weights[0].source`, `runtime.max_queue`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((segment, index) =>
      typeof segment === "number" ? `[${segment}]` : `${index === 0 ? "" : "."}${String(segment)}`,
    )
    .join("");
}
