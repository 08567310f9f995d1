import { endpointMethods } from "./endpoints.ts";

/** What is wrong with a class's `static schema`, and how it should be. */
export interface SchemaFault {
  readonly message: string;
  readonly hint: string;
}

const shape = "write static schema = { predict: { input, output } }, each a Standard Schema (zod, valibot, arktype, …)";
const typed: readonly string[] = endpointMethods.filter((method) => method !== "websocket");

/** Reads the declaration alone: nothing is validated. */
export function findSchemaFaults(declared: unknown): SchemaFault[] {
  if (declared === undefined || declared === null) return [];
  if (typeof declared !== "object" || isStandardSchema(declared)) {
    return [{ message: "schema must be an object with a schema for each method", hint: shape }];
  }
  return Object.entries(declared).flatMap(([method, sides]) => faultsOf(method, sides));
}

/** Libraries make objects of them, or functions. */
export function isStandardSchema(value: unknown): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return typeof standard === "object" && standard !== null && "validate" in standard;
}

function faultsOf(method: string, sides: unknown): SchemaFault[] {
  if (!typed.includes(method)) {
    return [
      { message: `schema.${method} is of no method that takes a schema`, hint: `there are: ${typed.join(", ")}` },
    ];
  }
  if (sides === undefined) return [];
  if (isStandardSchema(sides)) {
    return [{ message: `schema.${method} must be { input, output }`, hint: `write ${method}: { input: … }` }];
  }
  if (typeof sides !== "object" || sides === null) {
    return [{ message: `schema.${method} must be { input, output }`, hint: shape }];
  }
  return Object.entries(sides).flatMap(([side, schema]) => {
    if (side !== "input" && side !== "output") {
      return [{ message: `schema.${method}.${side} is neither input nor output`, hint: shape }];
    }
    if (schema === undefined || isStandardSchema(schema)) return [];
    return [{ message: `schema.${method}.${side} is no Standard Schema`, hint: shape }];
  });
}
