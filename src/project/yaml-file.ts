import { readFileSync } from "node:fs";

/** A YAML file of another program's, such as pnpm's lockfile, as plain values. Throws where it is no YAML. */
export async function readYamlFile(file: string): Promise<unknown> {
  const { parse } = await import("yaml");
  const value: unknown = parse(readFileSync(file, "utf8"), { maxAliasCount: 100, uniqueKeys: false });
  return value;
}
