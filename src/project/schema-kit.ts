import type * as zod from "zod";

export type SchemaKit = ReturnType<typeof createSchemaKit>;

/** Every value may also be null, unless it is needed: an empty `key:` in YAML means "as if it were not there". */
export function createSchemaKit(z: typeof zod) {
  const text = z.string({ error: "must be a string" }).nullish();
  const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
    z
      .number({ error: `must be a whole number of at least ${least}` })
      .int({ error: `must be a whole number of at least ${least}` })
      .min(least, { error: `must be at least ${least}` })
      .max(most, { error: `must be at most ${most}` })
      .nullish();
  const map = <Item extends zod.ZodType>(item: Item) =>
    z.record(z.string(), item, { error: recordError("must be a mapping") }).nullish();
  const neededTexted = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, { error });
  return {
    z,
    text,
    whole,
    map,
    texts: z.array(z.string({ error: "must be a string" }), { error: "must be a list of strings" }).nullish(),
    flag: z.boolean({ error: "must be true or false" }).nullish(),
    /** Seconds, fractions too. */
    seconds: z.number({ error: "must be a number of seconds" }).min(0, { error: "must not be negative" }).nullish(),
    anything: map(z.unknown()),
    neededText: z.string({ error: "must be a string" }).min(1, { error: "must not be empty" }),
    neededTexted,
    texted: (pattern: RegExp, error: string) => neededTexted(pattern, error).nullish(),
    secretName: z.string().regex(/^(?!\.{1,2}$)[-._a-zA-Z0-9]{1,253}$/, {
      error: "is not a secret's name: letters, digits, '-', '_' and '.' only, 253 at most",
    }),
    choice: (values: readonly [string, ...string[]]) =>
      z.enum(values, { error: `must be one of ${values.join(", ")}` }).nullish(),
    list: <Item extends zod.ZodType>(item: Item) => z.array(item, { error: "must be a list" }).nullish(),
    mapping: <Shape extends zod.ZodRawShape>(shape: Shape) => z.strictObject(shape, { error: objectError }),
    object: <Shape extends zod.ZodRawShape>(shape: Shape) => z.strictObject(shape, { error: objectError }).nullish(),
  };
}

export function recordError(text: string) {
  return (issue: { code?: string }) => (issue.code === "invalid_type" ? text : undefined);
}

const objectError = recordError("must be a mapping");

/** Says of a list's items whose key has the value of an earlier one. */
export function refuseTwins<Item>(key: string, read: (item: Item) => string | undefined) {
  return (items: readonly Item[], context: zod.RefinementCtx) => {
    const seen = new Set<string>();
    for (const [index, item] of items.entries()) {
      const value = read(item);
      if (value === undefined) continue;
      const path = [index, key];
      if (seen.has(value)) context.addIssue({ code: "custom", path, message: "is here twice" });
      seen.add(value);
    }
  };
}
