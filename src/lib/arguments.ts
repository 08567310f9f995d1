/** Options whose values may hold keys, and people's data. */
const concealed = /^(--api-key|--header|--data|-H|-d)(=|$)/;

/** A command line that may be shown to strangers: what may be a key or somebody's data is left out. */
export function concealArguments(args: readonly string[]): string[] {
  return args.map((arg, index) => {
    const own = concealed.exec(arg);
    if (own?.[2] === "=") return `${own[1]}=…`;
    const before = args[index - 1];
    return before !== undefined && own === null && concealed.exec(before)?.[2] === "" ? "…" : arg;
  });
}
