export interface StopFilter {
  /** Takes the next piece and gives back what may be sent already. */
  push(text: string): string;
  /** What was held back, once nothing more comes. */
  flush(): string;
  readonly found: boolean;
}

/** Cuts a text at the first of the stop sequences, even where one is spread over several pieces. */
export function createStopFilter(stops: readonly string[]): StopFilter {
  const wanted = stops.filter((stop) => stop !== "");
  let held = "";
  let found = false;
  return {
    get found() {
      return found;
    },
    push(text) {
      held += text;
      const at = Math.min(...wanted.map((stop) => held.indexOf(stop)).filter((index) => index >= 0));
      found = at !== Number.POSITIVE_INFINITY;
      const sendable = found ? held.slice(0, at) : held.slice(0, held.length - danger(held, wanted));
      held = found ? "" : held.slice(sendable.length);
      return sendable;
    },
    flush() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** How many characters at the end may turn out to begin a stop sequence. */
function danger(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
