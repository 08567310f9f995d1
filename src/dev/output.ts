import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { OutputEvent, Reporter } from "../events.ts";

/** How long an unfinished line is held back, so that progress bars and prompts still show. */
const lineWaitMs = 50;

/** Reports what a model process prints: whole lines where they come whole, the rest after a moment. */
export function reportOutput(source: Readable, stream: OutputEvent["stream"], report: Reporter): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    if (rest !== "") report({ event: "output", stream, text: rest });
    rest = "";
  };
  source.on("data", (chunk: Buffer) => {
    clearTimeout(timer);
    rest += decoder.write(chunk);
    const end = rest.lastIndexOf("\n") + 1;
    if (end > 0) {
      report({ event: "output", stream, text: rest.slice(0, end) });
      rest = rest.slice(end);
    }
    if (rest !== "") timer = setTimeout(flush, lineWaitMs).unref();
  });
  source.once("close", () => {
    rest += decoder.end();
    flush();
  });
  source.on("error", flush);
}
