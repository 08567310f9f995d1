import type { ProgressEvent, Reporter } from "../events.ts";
import { formatBytes } from "./bytes.ts";
import { safeText } from "./safe-text.ts";
import { type Style, createStyle } from "./style.ts";

export interface PushOutput {
  readonly stderr: (text: string) => void;
  readonly colors: boolean;
  /** How wide the terminal is; without one, nothing is rewritten. */
  readonly columns: () => number | undefined;
}

export interface PushReport {
  readonly report: Reporter;
  /** Takes away the line that is being rewritten. */
  readonly end: () => void;
}

/** Between two signs of life where no line can be rewritten, in milliseconds. */
const plainEveryMs = 10_000;
/** Between two drawings of the line. */
const liveEveryMs = 80;

/** The story of a push, on stderr: steps, warnings, and how far long work has come. */
export function createPushReport(output: PushOutput): PushReport {
  const style = createStyle(output.colors);
  const progress = createProgress(output, style);
  const say = (text: string) => {
    progress.clear();
    output.stderr(text);
  };
  return {
    end: progress.clear,
    report: (event) => {
      switch (event.event) {
        case "step":
          return say(`${style.dim("·")} ${safeText(event.message)}\n`);
        case "note":
          return say(`${safeText(event.message)}\n`);
        case "warning":
          return say(
            `${style.yellow(`! ${safeText(event.message)}`)}${event.hint === undefined ? "" : `\n  → ${safeText(event.hint)}`}\n`,
          );
        case "output":
          return say(event.text);
        case "progress":
          return progress.show(event);
        default:
          return undefined;
      }
    },
  };
}

function createProgress(output: PushOutput, style: Style) {
  let drawn = false;
  let last = { task: "", at: 0 };
  const clear = () => {
    if (drawn) output.stderr("\r\u001B[2K");
    drawn = false;
  };
  const show = (event: ProgressEvent) => {
    const live = output.columns() !== undefined;
    const now = performance.now();
    const isNew = event.task !== last.task;
    if (isNew && !live) {
      // The first sign of life comes when it takes its time.
      last = { task: event.task, at: now };
      return;
    }
    if (!isNew && now - last.at < (live ? liveEveryMs : plainEveryMs)) return;
    last = { task: event.task, at: now };
    if (!live) return output.stderr(`${describe(event)}\n`);
    output.stderr(`\r\u001B[2K${style.cyan("↑")} ${describe(event).slice(0, (output.columns() ?? 80) - 3)}`);
    drawn = true;
  };
  return { show, clear };
}

function describe({ task, done, total }: ProgressEvent): string {
  if (total === undefined || total === 0) return `${task}  ${formatBytes(done)}`;
  const share = Math.min(100, Math.floor((done / total) * 100));
  return `${task}  ${share} %  ${formatBytes(done)} of ${formatBytes(total)}`;
}
