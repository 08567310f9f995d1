import { inspect } from "node:util";

/** A key that is shown only to those who ask for it: printing or serialising it gives its first letters. */
export interface Secret {
  readonly reveal: () => string;
  /** The first letters, to tell one key from another. */
  readonly masked: string;
}

/** Longer than any key or token, shorter than what a header may carry. */
const maxLength = 12_000;

export function createSecret(value: string): Secret {
  // Baseten's keys begin with an id that is no secret; of a short value nothing is shown.
  const masked = value.length < 16 ? "…" : `${value.slice(0, 4)}…`;
  const show = () => masked;
  return Object.freeze({ reveal: () => value, masked, toJSON: show, toString: show, [inspect.custom]: show });
}

/** What is wrong with a text as a key, without the text; `undefined` where it can be sent. */
export function faultOfKey(value: string): string | undefined {
  if (value === "") return "is empty";
  if (value.length > maxLength) return `is longer than any key (${value.length} characters)`;
  if (/\s/.test(value)) return "has spaces or line breaks inside";
  return /^[\u0021-\u007e]+$/.test(value) ? undefined : "has characters that no key has";
}
