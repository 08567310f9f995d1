import { type ErrorCode, type Fault } from "../errors.ts";
import { type Endpoint, endpointMethods, endpoints } from "./endpoints.ts";
import { type HookMethod, hookMethods } from "./contract.ts";
import { findSchemaFaults } from "./schema-faults.ts";

/** What a Model can do, found on its prototype chain and on the instance. */
export interface ModelDescription {
  readonly endpoints: readonly Endpoint[];
  readonly hooks: ReadonlySet<HookMethod>;
  readonly faults: readonly Fault[];
}

/** Methods may declare at most these many parameters. */
const parameterLimits: Readonly<Record<string, number>> = {
  load: 0,
  is_healthy: 0,
  close: 0,
  setup_environment: 1,
};
const endpointParameterLimit = 2;

const knownNames: readonly string[] = [...endpointMethods, ...hookMethods];

/**
 * Describes a Model from an instance (fields that hold functions count), or from a bare prototype where no instance
 * could be made.
 *
 * @param file the source file that messages name, such as `model/model.ts`
 */
export function describeModel(target: object, file: string): ModelDescription {
  const faults: Fault[] = [];
  const fault = (code: ErrorCode, message: string, hint: string) => faults.push({ code, message, hint, file });
  const found = new Set<string>();

  for (const name of knownNames) {
    if (!(name in target)) continue;
    const value = readMember(target, name);
    if (value === undefined || value === null) continue;
    if (typeof value !== "function") {
      fault(
        "METHOD_NOT_A_FUNCTION",
        `${name} is ${typeLabel(value)}, not a function`,
        `make ${name} a method, or rename the field`,
      );
      continue;
    }
    found.add(name);
    const limit = parameterLimits[name] ?? endpointParameterLimit;
    if (value.length > limit) {
      fault(
        "METHOD_SIGNATURE",
        `${name} takes ${value.length} parameters, but is called with ${limit}`,
        signatureHint(name, limit),
      );
    }
  }
  for (const { twin, name } of misnamedMembers(target)) {
    fault(
      "METHOD_MISNAMED",
      `${twin} is not a method that truss-ts serves: did you mean ${name}?`,
      `rename ${twin} to ${name}`,
    );
  }

  for (const { message, hint } of findSchemaFaults(readSchema(target))) fault("SCHEMA_INVALID", message, hint);

  const served = endpoints.filter((endpoint) => found.has(endpoint.method));
  for (const name of ["preprocess", "postprocess"]) {
    if (found.has(name) && !found.has("predict")) {
      fault(
        "METHOD_COMBINATION",
        `${name} is never called: it runs around predict, which is missing`,
        `write predict(input, request), or remove ${name}`,
      );
    }
  }
  if (served.length === 0 && faults.length === 0) {
    fault(
      "NO_ENDPOINT",
      "the Model class has no endpoint method",
      `write at least one of: ${endpointMethods.join(", ")}`,
    );
  }
  return { endpoints: served, hooks: new Set(hookMethods.filter((name) => found.has(name))), faults };
}

/** `static schema`, a member of the class. */
function readSchema(target: object): unknown {
  const owner = readMember(target, "constructor");
  return typeof owner === "function" ? readMember(owner, "schema") : undefined;
}

/** A getter that throws is no reason to fail: the member counts as absent. */
function readMember(target: object, name: string): unknown {
  try {
    return Reflect.get(target, name);
  } catch {
    return undefined;
  }
}

function typeLabel(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function signatureHint(name: string, limit: number): string {
  if (name === "websocket") return "write websocket(socket, request)";
  if (name === "setup_environment") return "write setup_environment(environment)";
  return limit === 0 ? `write ${name}()` : `write ${name}(input, request)`;
}

/** `chatCompletions`, `Chat_Completions`, `isHealthy`: names that are a known one but for case and underscores. */
function misnamedMembers(target: object): { twin: string; name: string }[] {
  const byFolded = new Map(knownNames.map((name) => [fold(name), name]));
  const members = new Set<string>(Object.keys(target));
  for (
    let level: object | null = target;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const key of Object.getOwnPropertyNames(level)) members.add(key);
  }
  return [...members].flatMap((twin) => {
    const name = byFolded.get(fold(twin));
    if (name === undefined || name === twin || typeof readMember(target, twin) !== "function") return [];
    return [{ twin, name }];
  });
}

function fold(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}
