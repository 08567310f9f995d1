import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { cleanEnv, makeFolder, run } from "./workshop.mjs";

// bash's `time` reads the kernel's own account of a command and of all it started and waited for, to the millisecond;
// Node can only account for itself.
const script = `TIMEFORMAT='%R %U %S'; errors=$1; input=$2; shift 2
time "$@" >/dev/null 2>"$errors" <<<"$input"`;

/**
 * Runs a command to its end and gives what it took: milliseconds on the wall, and of processor time in all its
 * processes. Throws when it fails.
 */
export async function timeCommand([program, ...args], { cwd, env = {}, input = "", timeoutMs = 30_000 } = {}) {
  const errors = join(makeFolder("timed"), "stderr");
  const bash = ["-c", script, "bench", errors, input, program, ...args];
  const { stderr } = await run("bash", bash, { cwd, env: cleanEnv({ LC_ALL: "C", ...env }), timeoutMs }).catch(
    async (error) => {
      const said = await readFile(errors, "utf8").catch(() => "");
      throw new Error(`${program} ${args.join(" ")} failed: ${said.trim().slice(-1500) || error.message}`);
    },
  );
  const [wall, user, system] = stderr
    .trim()
    .split(" ")
    .map((seconds) => Number(seconds) * 1000);
  return { wall, cpu: user + system };
}

/** The same of a command whose story is told on stderr, with the milliseconds from a line of that to its end. */
export async function timeStory([program, ...args], from, { env = {}, timeoutMs = 30_000 } = {}) {
  const story = `TIMEFORMAT='@ %R %U %S'; time "$@" >/dev/null`;
  let begun = Number.NaN;
  let times = "";
  const onError = (line) => {
    if (line.includes(from)) begun = performance.now();
    if (line.startsWith("@ ")) times = line;
  };
  const bash = ["-c", story, "bench", program, ...args];
  await run("bash", bash, { env: cleanEnv({ LC_ALL: "C", ...env }), timeoutMs, onError });
  const [wall, user, system] = times
    .split(" ")
    .slice(1)
    .map((seconds) => Number(seconds) * 1000);
  return { wall, cpu: user + system, part: performance.now() - begun };
}
