import { basename, resolve } from "node:path";
import { TrussError, exitCodes } from "../errors.ts";
import { nameFault } from "../project/model-name.ts";

/** The folder that `init --yes` makes when none is named, and the name where a folder's own will not do. */
export const fallbackName = "my-model";

const longestPackageName = 214;

/** @throws TrussError NAME_INVALID (exit code 2) */
export function checkName(name: string): string {
  const fault = nameFault(name);
  if (fault === undefined) return name;
  throw new TrussError("NAME_INVALID", fault, {
    hint: "Give a name with --name, such as --name my-model.",
    exitCode: exitCodes.usage,
  });
}

/** The folder's own name, made fit where it has to be: any folder will do. */
export function guessName(dir: string): string {
  const name = basename(resolve(dir))
    .replaceAll(/[\p{Cc}\p{Cs}]+/gu, "-")
    .trim();
  return nameFault(name) === undefined ? name : fallbackName;
}

/**
 * A legal npm package name near the model's. `taken` are names it may not have: a package cannot depend on its
 * namesake.
 */
export function toPackageName(name: string, taken: readonly string[] = []): string {
  const legal =
    name
      .normalize("NFKD")
      .replaceAll(/\p{M}/gu, "")
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, "-")
      .replaceAll(/-{2,}/g, "-")
      .replaceAll(/^[._-]+|[._-]+$/g, "")
      .slice(0, longestPackageName - "-model".length)
      .replace(/[._-]+$/, "") || "model";
  const refused = legal === "node_modules" || legal === "favicon.ico" || taken.includes(legal);
  return refused ? `${legal}-model` : legal;
}
