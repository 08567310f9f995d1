import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** One key and what it does. */
export interface Shortcut {
  readonly key: string;
  /** What people type instead, such as the whole word. */
  readonly words?: readonly string[];
  readonly does: string;
  readonly run: () => void;
}

export interface ShortcutOptions {
  readonly input: Readable;
  readonly write: (text: string) => void;
  readonly shortcuts: readonly Shortcut[];
  /** The input has ended, as by Ctrl-D. */
  readonly onEnd: () => void;
}

/** Erases the screen and what was scrolled off it. */
export const clearScreen = "\u001b[2J\u001b[3J\u001b[H";

/**
 * Listens for keys followed by Enter; `h` lists them. Whole lines are read, so that the terminal stays as it was and
 * Ctrl-C goes on meaning what it means. Returns the way to stop listening.
 */
export function listenForShortcuts({ input, write, shortcuts, onEnd }: ShortcutOptions): () => void {
  const lines = createInterface({ input, terminal: false });
  let stopped = false;
  lines.on("line", (line) => {
    const typed = line.trim().toLowerCase();
    if (typed === "") return;
    const found = shortcuts.find((shortcut) => isMeant(shortcut, typed));
    if (found === undefined) write(renderHelp(shortcuts));
    else found.run();
  });
  lines.on("close", () => {
    if (!stopped) onEnd();
  });
  return () => {
    stopped = true;
    lines.close();
  };
}

/** A key that seemed to do nothing is pressed again, before Enter comes to mind. */
function isMeant({ key, words = [] }: Shortcut, typed: string): boolean {
  return typed.replaceAll(key, "") === "" || words.includes(typed);
}

function renderHelp(shortcuts: readonly Shortcut[]): string {
  const rows = [...shortcuts, { key: "h", does: "show this" }];
  return rows.map(({ key, does }) => `  ${key} + Enter  ${does}\n`).join("");
}
