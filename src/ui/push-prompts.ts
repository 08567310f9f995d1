import { nameFault } from "../project/model-name.ts";
import { type Prompts, createPrompts } from "./prompts.ts";

/** Asks until the name will do. @throws TrussError CANCELLED */
export async function askModelName(fallback: string, signal: AbortSignal): Promise<string> {
  return ask(await createPrompts(signal), fallback);
}

async function ask(prompts: Prompts, fallback: string): Promise<string> {
  const typed = await prompts.text("What shall the model be called? (written to config.yaml)", fallback);
  const name = typed.trim() || fallback;
  const fault = nameFault(name);
  if (fault === undefined) return name;
  prompts.warn(fault);
  return ask(prompts, fallback);
}
