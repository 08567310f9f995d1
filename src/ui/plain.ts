import type { Reporter } from "../events.ts";
import { tellEvent } from "./story.ts";

/** Where a reporter writes to. */
export interface Output {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** For logs and pipes: the story without colours, the model's output as it came. */
export function createPlainReporter(output: Output, root: string, exampleInput?: () => unknown): Reporter {
  return (event) => {
    const { to, text } = tellEvent(event, { root, colors: false, exampleInput });
    if (text !== "") output[to](text);
  };
}
