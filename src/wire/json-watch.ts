/** Watches a JSON object that comes in pieces, to know when it is whole. */
export interface JsonWatch {
  push(piece: string): void;
  /** `broken`: there is text around the object, or no object at all. Whether it is valid inside is not looked at. */
  readonly state: "open" | "whole" | "broken";
}

export function createJsonWatch(): JsonWatch {
  let state: JsonWatch["state"] = "open";
  let depth = 0;
  let quoted = false;
  let escaped = false;

  const inQuotes = (character: string) => {
    if (escaped) escaped = false;
    else if (character === "\\") escaped = true;
    else if (character === '"') quoted = false;
  };
  const inside = (character: string) => {
    if (character === '"') quoted = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) state = "whole";
    }
  };
  const outside = (character: string) => {
    if (/\s/.test(character)) return;
    if (state === "open" && character === "{") depth = 1;
    else state = "broken";
  };

  return {
    get state() {
      return state;
    },
    push(piece) {
      for (let at = 0; at < piece.length; at += 1) {
        const character = piece.charAt(at);
        if (quoted) inQuotes(character);
        else if (depth > 0) inside(character);
        else outside(character);
      }
    },
  };
}
