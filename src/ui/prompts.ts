import { TrussError, exitCodes } from "../errors.ts";

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string;
}

/** Questions on a terminal. Each throws TrussError CANCELLED (exit code 130) on Ctrl-C or Escape. */
export interface Prompts {
  /** `defaultValue` is taken when nothing is typed. */
  readonly text: (message: string, defaultValue: string) => Promise<string>;
  /** What is typed is not shown. */
  readonly password: (message: string) => Promise<string>;
  readonly select: <Value extends string>(message: string, choices: readonly Choice<Value>[]) => Promise<Value>;
  readonly confirm: (message: string, initialValue: boolean) => Promise<boolean>;
  readonly intro: (title: string) => void;
  readonly warn: (message: string) => void;
}

/** clack is loaded here and nowhere else, so that only those who are asked pay for it. */
export async function createPrompts(signal: AbortSignal): Promise<Prompts> {
  const clack = await import("@clack/prompts");
  const answered = async <Value>(answer: Promise<Value>): Promise<Exclude<Value, symbol>> => {
    const value = await answer;
    if (signal.aborted || !isAnswer(value)) throw cancelled();
    return value;
  };
  return {
    text: (message, defaultValue) => answered(clack.text({ message, placeholder: defaultValue, defaultValue, signal })),
    password: async (message) => (await answered(clack.password({ message, signal }))) ?? "",
    select: async (message, choices) => {
      const options = choices.map(({ value, label, hint }) =>
        hint === undefined ? { value, label } : { value, label, hint },
      );
      const chosen = await answered(clack.select<string>({ message, options, signal }));
      const found = choices.find((choice) => choice.value === chosen);
      if (found === undefined) throw new Error(`no such choice: ${chosen}`);
      return found.value;
    },
    confirm: (message, initialValue) => answered(clack.confirm({ message, initialValue, signal })),
    intro: (title) => clack.intro(title),
    warn: (message) => clack.log.warn(message),
  };
}

/** clack answers with a symbol when a question is cancelled. */
function isAnswer<Value>(value: Value): value is Exclude<Value, symbol> {
  return typeof value !== "symbol";
}

/** What Ctrl-C at a question comes to. */
export function cancelled(message = "Cancelled. Nothing was written."): TrussError {
  return new TrussError("CANCELLED", message, { exitCode: exitCodes.interrupted });
}
