import { type Command, Help, Option } from "commander";
import { TrussError, exitCodes } from "../errors.ts";
import { suggest } from "../lib/suggest.ts";
import { targets } from "../push/targets.ts";
import type { Target, TargetOption } from "../push/types.ts";

/** Flags as commander hands them over, by its names for them. */
export type Flags = Readonly<Record<string, unknown>>;

/** Adds every target's options to the command, each flag once, below a heading that names its targets. */
export function addTargetOptions(command: Command, all: readonly Target[]): void {
  for (const [flags, uses] of groupOptions(all)) {
    const heading = `Options of ${listAll(uses.map(({ target }) => target))}:`;
    command.addOption(new Option(flags, describe(uses)).helpGroup(heading));
  }
}

function listAll(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

interface Use {
  readonly target: string;
  readonly option: TargetOption;
}

function groupOptions(all: readonly Target[]): Map<string, Use[]> {
  const groups = new Map<string, Use[]>();
  for (const target of all) {
    for (const option of target.options) {
      const uses = groups.get(option.flags) ?? [];
      groups.set(option.flags, [...uses, { target: target.name, option }]);
    }
  }
  return groups;
}

/** One sentence where the targets agree, else one for each. */
function describe(uses: readonly Use[]): string {
  const texts = uses.map(({ target, option }) => ({ target, text: describeOne(option) }));
  const [first] = texts;
  if (first === undefined || texts.every(({ text }) => text === first.text)) return first?.text ?? "";
  return texts.map(({ target, text }) => `${target}: ${text}`).join("; ");
}

function describeOne({ description, choices, default: value }: TargetOption): string {
  const notes = [
    ...(choices === undefined ? [] : [`choices: ${choices.join(", ")}`]),
    ...(value === undefined ? [] : [`default: ${String(value)}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
}

/** With a target named, `--help` shows its options alone. */
export function visibleOptions(command: Command, all: readonly Target[]): Option[] {
  const shown = new Help().visibleOptions(command);
  const named = all.find(({ name }) => name === command.getOptionValue("target"));
  if (named === undefined || command.getOptionValueSource("target") !== "cli") return shown;
  const isOf = (target: Target, { flags }: Option) => target.options.some((own) => own.flags === flags);
  return shown.filter((option) => isOf(named, option) || !all.some((target) => isOf(target, option)));
}

export async function pickTarget(name: string, all: readonly Target[]): Promise<Target> {
  const found = all.find((target) => target.name === name);
  if (found !== undefined) return found;
  const names = targets.map((row) => row.name);
  const meant = suggest(name, names);
  throw usage(
    `There is no target ${JSON.stringify(name)}.`,
    meant === undefined ? `the targets are ${names.join(", ")}` : `did you mean ${meant}?`,
  );
}

/**
 * What was given of one target's options, read as it wants them.
 *
 * @throws TrussError USAGE for an option of another target, and for a value that is no good
 */
export function readTargetFlags(command: Command, target: Target, all: readonly Target[]): Flags {
  const flags: Record<string, unknown> = {};
  for (const option of command.options) {
    const name = option.attributeName();
    const uses = all.filter(({ options }) => options.some((own) => own.flags === option.flags));
    if (uses.length === 0) continue;
    if (command.getOptionValueSource(name) === "cli" && wasGiven(command, option)) {
      const own = target.options.find((candidate) => candidate.flags === option.flags);
      if (own === undefined) throw refuseForeign(option, target, uses);
      flags[name] = readValue(option, own, command.getOptionValue(name));
    }
  }
  for (const { flags: spelt, default: value } of target.options) {
    const name = new Option(spelt).attributeName();
    if (value !== undefined && !(name in flags)) flags[name] = value;
  }
  target.validate?.({ ...flags, dryRun: command.getOptionValue("dryRun") === true });
  return flags;
}

/** `--wait` and `--no-wait` share a name; the value tells which one was given. */
function wasGiven(command: Command, option: Option): boolean {
  const value: unknown = command.getOptionValue(option.attributeName());
  return option.negate ? value === false : value !== false;
}

function refuseForeign(option: Option, target: Target, uses: readonly Target[]): TrussError {
  const names = uses.map(({ name }) => name);
  const flag = option.long ?? option.flags;
  return usage(
    `${flag} is an option of ${listAll(names)}; this push goes to ${target.name}.`,
    `leave it out, or add --target ${names[0] ?? ""}`,
  );
}

function readValue(option: Option, own: TargetOption, value: unknown): unknown {
  if (own.choices !== undefined && typeof value === "string" && !own.choices.includes(value)) {
    const meant = suggest(value, own.choices);
    throw usage(
      `${option.long ?? option.flags} takes ${own.choices.join(", ")}; not ${JSON.stringify(value)}.`,
      meant === undefined ? undefined : `did you mean ${meant}?`,
    );
  }
  return own.parse !== undefined && typeof value === "string" ? own.parse(value) : value;
}

function usage(message: string, hint?: string): TrussError {
  return new TrussError("USAGE", message, { exitCode: exitCodes.usage, ...(hint === undefined ? {} : { hint }) });
}
