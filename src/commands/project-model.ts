import { findModel } from "../baseten/models.ts";
import { TrussError, exitCodes } from "../errors.ts";
import { readConfig } from "../project/config.ts";
import { configName, findProjectRoot } from "../project/find.ts";
import type { Account } from "./account.ts";

/** `config.yaml` of the project at or above a folder, as far as it can be read; `undefined` where there is none. */
export async function readProjectConfig(dir: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { config, faults } = await readConfig(findProjectRoot(dir));
  if (config !== undefined) return config.raw;
  const [fault] = faults;
  throw new TrussError(fault?.code ?? "CONFIG_INVALID", fault?.message ?? `${configName} cannot be read.`, {
    ...fault,
  });
}

/** The name that the project's config has. */
export async function nameOf(dir: string): Promise<string> {
  const name = (await readProjectConfig(dir))?.["model_name"];
  if (typeof name === "string" && name !== "") return name;
  throw new TrussError("USAGE", `${configName} has no model_name.`, {
    hint: "say which model is meant: --model-id or --model-name",
    exitCode: exitCodes.usage,
  });
}

/**
 * The id of the model that is called so.
 *
 * @throws TrussError API_NOT_FOUND, or USAGE where several are
 */
export async function findModelId({ client }: Account, name: string): Promise<string> {
  const model = await findModel(client, name);
  if (model !== undefined) return model.id;
  throw new TrussError("API_NOT_FOUND", `Baseten has no model ${JSON.stringify(name)} for this API key.`, {
    hint: "deploy it with truss-ts push --target baseten, or say which one is meant: --model-id",
    exitCode: exitCodes.notFound,
  });
}
