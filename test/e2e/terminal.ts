import { stripVTControlCharacters } from "node:util";
import { spawn } from "@lydell/node-pty";
import { onTestFinished, vi } from "vitest";
import { type RunOptions, binary, environment } from "./init-run.ts";

export const enter = "\r";
export const ctrlC = "\u0003";

/** The command on a real pseudo-terminal. */
export function open(args: readonly string[], { cwd, env }: RunOptions) {
  const plain = environment({ NO_COLOR: undefined, TERM: "xterm-256color", ...env });
  const pty = spawn(process.execPath, [binary, ...args], { cwd, env: plain, cols: 120, rows: 40 });
  let written = "";
  let over = false;
  pty.onData((text) => (written += text));
  const ended = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode }) => {
      over = true;
      resolve(exitCode);
    });
  });
  onTestFinished(() => {
    if (!over) pty.kill("SIGKILL");
  });
  const screen = () => stripVTControlCharacters(written).replaceAll("\r", "");
  return {
    ended,
    screen,
    types: (keys: string) => pty.write(keys),
    kill: (signal: string) => pty.kill(signal),
    /** Waits until the text was shown for the n-th time. */
    sees: (text: string, times = 1) =>
      vi.waitFor(
        () => {
          if (screen().split(text).length <= times) throw new Error(`“${text}” is not on the screen:\n${screen()}`);
        },
        { timeout: 15_000 },
      ),
  };
}
