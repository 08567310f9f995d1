/** One server-sent event, as a client sees it. */
export interface WireEvent {
  readonly name: string | undefined;
  readonly data: string;
}

/** Takes a stream of server-sent events apart, however it is cut into chunks. */
export function createEventReader(onEvent: (event: WireEvent) => void): (chunk: string | Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = "";
  return (chunk) => {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    // Too long for any event that is meant to be one.
    if (rest.length > longestEvent) rest = "";
    for (;;) {
      const end = /\r\n\r\n|\n\n|\r\r/.exec(rest);
      if (end === null) return;
      const event = readEvent(rest.slice(0, end.index));
      rest = rest.slice(end.index + end[0].length);
      if (event !== undefined) onEvent(event);
    }
  };
}

/** Characters. */
const longestEvent = 16 * 1024 * 1024;

function readEvent(block: string): WireEvent | undefined {
  let name: string | undefined;
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, field, value = ""] = /^(\w+)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { name, data: data.join("\n") };
}
