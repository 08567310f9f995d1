import { TrussError } from "../errors.ts";
import type { ModelClass } from "../model/contract.ts";
import { evaluator } from "../model/evaluator.ts";

/** Finds the class in the user's module: the named export, else the default one. */
export function pickModelClass(
  module: Readonly<Record<string, unknown>>,
  modelFile: string,
  className = "Model",
): ModelClass {
  const found = module[className] ?? module["default"];
  if (typeof found === "function" && found.prototype !== undefined) return found as unknown as ModelClass;
  const exported = Object.keys(module).filter((name) => name !== evaluator);
  throw new TrussError("MODEL_CLASS_NOT_FOUND", `${modelFile} exports no class named ${className}`, {
    hint: `write \`export class ${className} { … }\`${exported.length === 0 ? "" : ` (it exports: ${exported.join(", ")})`}`,
    file: modelFile,
  });
}
