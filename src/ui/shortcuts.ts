import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** One key and what it does. */
export interface Shortcut {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

export interface ShortcutOptions {
  readonly input: Readable;
  readonly write: (text: string) => void;
  readonly shortcuts: readonly Shortcut[];
}

/** Erases the screen and what was scrolled off it. */
export const clearScreen = "\u001b[2J\u001b[3J\u001b[H";

/**
 * Listens for keys followed by Enter; `h` lists them. Whole lines are read, so that the terminal stays as it was and
 * Ctrl-C goes on meaning what it means. Returns the way to stop listening.
 */
export function listenForShortcuts({ input, write, shortcuts }: ShortcutOptions): () => void {
  const lines = createInterface({ input, terminal: false });
  lines.on("line", (line) => {
    const key = line.trim().toLowerCase();
    if (key === "") return;
    const found = shortcuts.find((shortcut) => shortcut.key === key);
    if (found === undefined) write(renderHelp(shortcuts));
    else found.run();
  });
  return () => lines.close();
}

function renderHelp(shortcuts: readonly Shortcut[]): string {
  const rows = [...shortcuts, { key: "h", does: "show this" }];
  return rows.map(({ key, does }) => `  ${key} + Enter  ${does}\n`).join("");
}
