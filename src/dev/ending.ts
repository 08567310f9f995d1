import type { RemoteError } from "../runtime/channel.ts";

/** How a model process ended, as far as it can be seen from outside. */
export interface Ending {
  /** Such as `exit code 1` or `signal SIGKILL`. */
  readonly how: string;
  /** The end of what it printed on stderr. */
  readonly lastWords: string;
}

const nativeFaults = new Set(["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"]);
/** Node's own words when V8 gives up. */
const outOfMemory = /JavaScript heap out of memory|Reached heap limit|invalid (?:array|table) size Allocation failed/;
/** V8's line about a collection: before and after it, in MB used (and reserved). */
const collection = /Mark-Compact[^\n]*?->\s*(\d+(?:\.\d+)?) \(\d+(?:\.\d+)?\) MB/g;

/** What happened, and what to do, where the process itself could not say so any more. */
export function explainEnding(ending: Ending, loading: boolean): RemoteError {
  const code = loading ? "LOAD_EXITED" : "MODEL_EXITED";
  const where = loading ? " while it was loading" : "";
  const signal = /^signal (\w+)$/.exec(ending.how)?.[1];
  if (outOfMemory.test(ending.lastWords)) return { code, ...explainMemory(ending.lastWords, where) };
  if (signal === undefined) return { code, ...explainExit(ending.how, where) };
  if (nativeFaults.has(signal)) {
    return {
      code,
      message: `native code crashed the model's process (${signal})${where}`,
      hint: "a native add-on is at fault, which TypeScript cannot catch: run `npm rebuild`, or try another version of it",
    };
  }
  return { code, message: `the model's process was ended by ${signal}${where}`, hint: signalHint(signal) };
}

function explainMemory(lastWords: string, where: string) {
  const used = Math.ceil(Number([...lastWords.matchAll(collection)].at(-1)?.[1] ?? Number.NaN));
  const reached = Number.isNaN(used) ? "" : `: V8's heap had grown to ${used} MB`;
  const more = Number.isNaN(used) ? 8192 : Math.max(256, 2 ** Math.ceil(Math.log2(used * 1.5)));
  return {
    message: `the model's process ran out of memory${where}${reached}`,
    hint: `keep less in memory, or allow more: NODE_OPTIONS=--max-old-space-size=${more} (MB) in .env or in the shell`,
  };
}

function explainExit(how: string, where: string) {
  return {
    message: `the model's process ended by itself${where} (${how})`,
    hint: "look for process.exit(), in the packages that the model uses too",
  };
}

function signalHint(signal: string): string {
  if (signal === "SIGABRT") return "native code or Node itself gave up; its last words are above";
  if (signal === "SIGKILL") return "if nobody did that by hand, the system ran out of memory: load less, or free some";
  return "something outside of truss-ts has sent that signal";
}
