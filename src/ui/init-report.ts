import { stripVTControlCharacters, styleText } from "node:util";

/** Where the words go: the story to stderr, the result to stdout. */
export interface InitOutput {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly hasColors: boolean;
  /** stderr is a terminal, so that a line may be rewritten. */
  readonly live: boolean;
}

export interface InitSummary {
  readonly name: string;
  readonly template: string;
  readonly next: readonly string[];
}

/** What `init` tells people as it goes. */
export interface InitReport {
  readonly overwrites: (files: readonly string[]) => void;
  readonly created: (dir: string, count: number) => void;
  readonly installing: (packageManager: string) => InstallProgress;
  readonly repository: () => void;
  readonly warning: (message: string, detail?: string) => void;
  readonly finished: (summary: InitSummary) => void;
}

export interface InstallProgress {
  readonly line: (text: string) => void;
  readonly done: () => void;
  readonly failed: () => void;
}

export function createInitReport(output: InitOutput): InitReport {
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    output.hasColors ? styleText(format, text, { validateStream: false }) : text;
  const say = (text: string) => output.stderr(`${text}\n`);
  return {
    overwrites: (files) => {
      say("These files are there already and change:");
      for (const file of files) say(`  ${paint("yellow", file)}`);
    },
    created: (dir, count) => say(`${paint("green", "✔")} ${count} files written to ${dir}`),
    installing: (packageManager) => createProgress(output, packageManager, paint),
    repository: () => say(`${paint("green", "✔")} Git repository with a first commit`),
    warning: (message, detail) => {
      say(`${paint("yellow", "!")} ${message}`);
      if (detail !== undefined && detail !== "") say(paint("dim", detail.replaceAll(/^/gm, "  ")));
    },
    finished: ({ name, template, next }) => {
      output.stdout(`\n${paint("bold", name)} is ready (template ${template}). Next:\n\n`);
      output.stdout(`${next.map((command) => `  ${paint("cyan", command)}`).join("\n")}\n\n`);
    },
  };
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 100;

/**
 * Not clack's spinner: that one reads Ctrl-C from the keyboard and ends the process under a running install.
 */
function createProgress(
  output: InitOutput,
  packageManager: string,
  paint: (format: "green" | "red" | "cyan" | "dim", text: string) => string,
): InstallProgress {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const title = `Installing with ${packageManager}`;
  let said = "";
  let frame = 0;
  const draw = () => {
    frame += 1;
    const line = `${title} · ${seconds()}${said === "" ? "" : ` · ${said}`}`;
    output.stderr(`\r\u001B[2K${paint("cyan", frames[frame % frames.length] ?? "")} ${clip(line)}`);
  };
  const timer = output.live ? setInterval(draw, frameMs) : undefined;
  if (!output.live) output.stderr(`${title} …\n`);
  const end = (text: string) => {
    clearInterval(timer);
    output.stderr(`${output.live ? "\r\u001B[2K" : ""}${text}\n`);
  };
  return {
    line: (text) => {
      said = stripVTControlCharacters(text);
    },
    done: () => end(`${paint("green", "✔")} Installed with ${packageManager} in ${seconds()}`),
    failed: () => end(`${paint("red", "✘")} The install stopped after ${seconds()}`),
  };
}

function clip(text: string): string {
  const width = (process.stderr.columns ?? 80) - 4;
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
