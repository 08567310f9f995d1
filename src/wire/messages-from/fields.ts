import { HttpError } from "../../errors.ts";
import type { Fields } from "./form.ts";

/** A value of a request, and its place as people write it: `messages[2].content[0].image_url`. */
export interface Field {
  readonly value: unknown;
  readonly path: string;
}

/** A member of an object, or an item of a list. Inherited names are not members. */
export function at(parent: Field, key: string | number): Field {
  const { value, path } = parent;
  if (typeof key === "number") {
    return { value: Array.isArray(value) ? (value as unknown[])[key] : undefined, path: `${path}[${key}]` };
  }
  const own = typeof value === "object" && value !== null && Object.hasOwn(value, key);
  return { value: own ? (value as Fields)[key] : undefined, path: path === "" ? key : `${path}.${key}` };
}

/** Refuses a value: the client's fault, with the place as `param`. */
export function wrong({ value, path }: Field, what: string): never {
  const missing = value === undefined;
  throw new HttpError(400, missing ? `${path} is missing: it must be ${what}` : `${path} must be ${what}`, {
    param: path,
    code: missing ? "missing_required_parameter" : "invalid_value",
  });
}

/** Null says the same as nothing. */
export function isAbsent({ value }: Field): boolean {
  return value === undefined || value === null;
}

/** Reads a field where it is there. */
export function optional<Value>(field: Field, read: (field: Field) => Value): Value | undefined {
  return isAbsent(field) ? undefined : read(field);
}

export function fieldsOf(field: Field): Fields {
  const { value } = field;
  if (typeof value !== "object" || value === null || Array.isArray(value)) wrong(field, "an object");
  return value as Fields;
}

export function textOf(field: Field): string {
  return typeof field.value === "string" ? field.value : wrong(field, "a string");
}

export function flagOf(field: Field): boolean {
  return typeof field.value === "boolean" ? field.value : wrong(field, "true or false");
}

export function numberOf(field: Field): number {
  return typeof field.value === "number" ? field.value : wrong(field, "a number");
}

export function wholeOf(field: Field): number {
  return Number.isInteger(field.value) ? (field.value as number) : wrong(field, "a whole number");
}

export function countOf(field: Field): number {
  const { value } = field;
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : wrong(field, "a whole number from 0");
}

export function itemsOf(field: Field): Field[] {
  return Array.isArray(field.value) ? field.value.map((_, index) => at(field, index)) : wrong(field, "a list");
}

/** The `type` of a part, a block or an item. */
export function typeOf(field: Field): string {
  fieldsOf(field);
  return textOf(at(field, "type"));
}

/** `{ [key]: value }`, or nothing where there is no value: for members that are there or not. */
export function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
