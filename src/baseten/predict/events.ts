/** One server-sent event. */
export interface StreamEvent {
  /** Its name; `message` where it has none. */
  readonly name: string;
  readonly data: string;
}

/** Cuts text that comes in pieces into whole lines, whatever ends them. */
export function createLineReader() {
  let rest = "";
  return {
    push(text: string): string[] {
      const all = rest + text;
      // The other half of a CRLF may be in the next piece.
      const whole = all.endsWith("\r") ? all.slice(0, -1) : all;
      const lines = whole.split(/\r\n|\n|\r/);
      rest = (lines.pop() ?? "") + all.slice(whole.length);
      return lines;
    },
    /** What came after the last line's end. */
    end(): string[] {
      const last = rest.replace(/\r$/, "");
      const ended = rest !== "";
      rest = "";
      return ended ? [last] : [];
    },
  };
}

/** Reads a stream of server-sent events, as its standard describes. */
export function createEventReader() {
  const lines = createLineReader();
  let name = "";
  let data: string[] = [];
  let first = true;
  const take = (line: string): StreamEvent[] => {
    const field = first ? line.replace(/^\uFEFF/, "") : line;
    first = false;
    if (field === "") return finish();
    const [, key, value = ""] = /^([^:]*)(?::\x20?(.*))?$/s.exec(field) ?? [];
    if (key === "event") name = value;
    if (key === "data") data.push(value);
    return [];
  };
  const finish = (): StreamEvent[] => {
    const found = data.length === 0 ? [] : [{ name: name === "" ? "message" : name, data: data.join("\n") }];
    name = "";
    data = [];
    return found;
  };
  return {
    push: (text: string): StreamEvent[] => lines.push(text).flatMap(take),
    /** A last event that no blank line ends counts all the same: it is better shown than swallowed. */
    end: (): StreamEvent[] => [...lines.end().flatMap(take), ...finish()],
  };
}
