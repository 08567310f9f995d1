import type { OutputEvent, Reporter } from "../events.ts";
import type { Output } from "./plain.ts";
import { type StoryOptions, tellEvent } from "./story.ts";
import { createStyle } from "./style.ts";

/** For a terminal: colours where it has them, and a bar beside what the model prints. */
export function createPrettyReporter(output: Output, options: StoryOptions): Reporter {
  let midLine = false;
  return (event) => {
    if (event.event === "output") {
      const bar = renderOutput(event, options.colors, midLine);
      midLine = !event.text.endsWith("\n");
      return output.stderr(bar);
    }
    const { to, text } = tellEvent(event, options);
    if (text === "") return undefined;
    // The model left a line unfinished: the story starts on one of its own.
    if (midLine) output.stderr("\n");
    midLine = false;
    return output[to](text);
  };
}

function renderOutput({ text, stream }: OutputEvent, colors: boolean, midLine: boolean): string {
  const style = createStyle(colors);
  const bar = stream === "stderr" ? style.yellow("│ ") : style.dim("│ ");
  const barred = text.replaceAll(/\n(?=.)/gs, `\n${bar}`);
  return midLine ? barred : bar + barred;
}
