import { validateConfig } from "../../../src/project/validate.ts";
import { parseConfig } from "../../../src/project/yaml.ts";

/** What `check` finds wrong with the text of a config.yaml by itself. */
export async function faultsOf(text: string): Promise<readonly string[]> {
  const source = await parseConfig(text);
  const faults = source.faults.length > 0 ? source.faults : await validateConfig(source);
  return faults.map((fault) => fault.message);
}
