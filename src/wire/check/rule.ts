/** Told of each place where a value is not what its family's clients read. */
export type Tell = (deviation: Deviation) => void;

export interface Deviation {
  /** Where in the JSON, such as `choices[0].delta.content`; empty: the whole. */
  readonly path: string;
  /** What is wrong there, such as `must be a string, is a number`. */
  readonly problem: string;
  /** Whom it breaks, and what to do. */
  readonly hint?: string;
}

/** Looks at one value. The type parameter is what passes, for the types of the official SDKs to be held against. */
export interface Rule<T> {
  (value: unknown, path: string, tell: Tell): void;
  /** Says what passes; no rule has it at run time. */
  readonly passes?: T;
  /** The member may be absent. */
  readonly absent?: true;
}

/** What passes a rule. */
export type Passing<R> = R extends Rule<infer T> ? T : never;

type Fields = Readonly<Record<string, Rule<unknown>>>;
type AbsentKeys<F> = { [K in keyof F]: F[K] extends { readonly absent: true } ? K : never }[keyof F];
type ObjectOf<F> = { readonly [K in Exclude<keyof F, AbsentKeys<F>>]: Passing<F[K]> } & {
  readonly [K in AbsentKeys<F>]?: Passing<F[K]> | undefined;
};

export const anything: Rule<unknown> = () => undefined;
export const text: Rule<string> = kind("a string", (value) => typeof value === "string");
export const number: Rule<number> = kind("a number", (value) => typeof value === "number" && Number.isFinite(value));
export const flag: Rule<boolean> = kind("true or false", (value) => typeof value === "boolean");
/** A whole number from 0. */
export const count: Rule<number> = kind("a whole number", (value) => Number.isInteger(value) && Number(value) >= 0);
export const anyObject: Rule<object> = kind("an object", isObject);

/** An object with these members, and any others. */
export function object<F extends Fields>(fields: F): Rule<ObjectOf<F>> {
  const members = Object.entries(fields);
  return (value, path, tell) => {
    if (!isObject(value)) return tell({ path, problem: `must be an object, is ${nameOf(value)}` });
    for (const [name, rule] of members) {
      const member = value[name];
      const place = path === "" ? name : `${path}.${name}`;
      if (member !== undefined) rule(member, place, tell);
      else if (rule.absent !== true) rule(undefined, place, missing(tell));
    }
  };
}

export function list<T>(item: Rule<T>): Rule<readonly T[]> {
  return (value, path, tell) => {
    if (!Array.isArray(value)) return tell({ path, problem: `must be a list, is ${nameOf(value)}` });
    return value.forEach((member, index) => item(member, `${path}[${index}]`, tell));
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Rule<T> {
  const all = values.map((value) => `"${value}"`).join(", ");
  const words = values.length === 1 ? all : `one of ${all}`;
  return kind(words, (value) => values.includes(value as T));
}

export function nullable<T>(rule: Rule<T>): Rule<T | null> {
  return (value, path, tell) => (value === null ? undefined : rule(value, path, tell));
}

export function optional<T>(rule: Rule<T>): Rule<T> & { readonly absent: true } {
  return Object.assign((value: unknown, path: string, tell: Tell) => rule(value, path, tell), {
    absent: true as const,
  });
}

/** Says whom it breaks when the rule is not kept. */
export function hinted<T>(rule: Rule<T>, hint: string): Rule<T> {
  return (value, path, tell) => rule(value, path, (deviation) => tell({ hint, ...deviation }));
}

/** Objects that their `type` tells apart. Kinds that are not listed pass: the families grow faster than this. */
export function byType<K extends Readonly<Record<string, Rule<unknown>>>>(
  kinds: K,
): Rule<{ [T in keyof K]: Passing<K[T]> & { readonly type: T } }[keyof K]> {
  const base = object({ type: text });
  return (value, path, tell) => {
    base(value, path, tell);
    const type = isObject(value) ? value["type"] : undefined;
    if (typeof type === "string" && Object.hasOwn(kinds, type)) kinds[type]?.(value, path, tell);
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kind<T>(words: string, fits: (value: unknown) => boolean): Rule<T> {
  return (value, path, tell) => {
    if (!fits(value)) tell({ path, problem: `must be ${words}, is ${nameOf(value)}` });
  };
}

function missing(tell: Tell): Tell {
  return (deviation) => tell({ ...deviation, problem: "is missing" });
}

function nameOf(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return value.length > 40 ? "another string" : JSON.stringify(value);
  if (typeof value === "number") return String(value);
  return typeof value === "object" ? "an object" : typeof value;
}
