import { isTrussError } from "../errors.ts";
import { createPrompts } from "./prompts.ts";
import type { Choice, Prompts } from "./prompts.ts";

/** What the flags have answered already. */
export interface InitAnswers {
  readonly dir: string;
  readonly template: string;
  readonly install: boolean;
  readonly git: boolean;
}

export interface InitQuestions {
  readonly templates: readonly { readonly name: string; readonly title: string; readonly description: string }[];
  readonly packageManager: string;
  readonly defaultDir: string;
  /** Throws where the folder cannot be used. */
  readonly checkDir: (dir: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Asks on the terminal for what no flag answered.
 *
 * @throws TrussError CANCELLED
 */
export async function askInit(known: Partial<InitAnswers>, questions: InitQuestions): Promise<InitAnswers> {
  const prompts = await createPrompts(questions.signal);
  prompts.intro("truss-ts");
  const dir = known.dir ?? (await askDir(prompts, questions));
  const template = known.template ?? (await prompts.select("Which template?", templateChoices(questions)));
  const install = known.install ?? (await prompts.confirm(`Install with ${questions.packageManager}?`, true));
  const git = known.git ?? (await prompts.confirm("Make a git repository?", true));
  return { dir, template, install, git };
}

/** Asks whether the files may be overwritten. */
export async function askOverwrite(files: readonly string[], signal: AbortSignal): Promise<boolean> {
  const prompts = await createPrompts(signal);
  return prompts.confirm(`Overwrite ${files.length === 1 ? "this file" : `these ${files.length} files`}?`, false);
}

/** Asks again where the folder cannot be used: a mistyped name is no reason to start over. */
async function askDir(prompts: Prompts, questions: InitQuestions): Promise<string> {
  const typed = await prompts.text("Where shall the project be?", questions.defaultDir);
  const dir = typed.trim() || questions.defaultDir;
  try {
    await questions.checkDir(dir);
    return dir;
  } catch (error) {
    if (!isTrussError(error)) throw error;
    prompts.warn(error.message);
    return askDir(prompts, questions);
  }
}

function templateChoices({ templates }: InitQuestions): Choice<string>[] {
  return templates.map(({ name, description }) => ({ value: name, label: name, hint: description }));
}
