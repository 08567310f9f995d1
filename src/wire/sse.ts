/** The media type of server-sent events, as every `/v1` stream carries it. */
export const sseContentType = "text/event-stream; charset=utf-8";

/** Says nothing, and keeps proxies and clients from giving up a connection. */
export const sseComment = ": keep-alive\n\n";

/** One server-sent event, its blank line included. `data` and `event` must be single lines. */
export function sseFrame(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

/**
 * JSON on one line. Throws a TypeError for what JSON cannot hold: BigInt, a cycle, and `undefined`, a function or a
 * symbol at the top.
 */
export function oneLineJson(value: unknown): string {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`JSON cannot hold ${typeof value}`);
  // Some clients split lines as Unicode does, not as the standard of server-sent events does.
  return /[\u0085\u2028\u2029]/.test(json) ? json.replace(/[\u0085\u2028\u2029]/g, escapeUnicode) : json;
}

/** Whether a client asks for server-sent events in its `Accept` header. */
export function acceptsSse(accept: string | null): boolean {
  return accept !== null && /(^|,)\s*text\/event-stream\s*($|[;,])/i.test(accept);
}

/** Whether text that an author wrote by hand is server-sent events: it begins with a field or a comment. */
export function looksLikeSse(text: string): boolean {
  return /^\uFEFF?\s*(data|event|id|retry)?:/.test(text);
}

/** What must be written after `text` for the next event to begin on its own: up to two line ends. */
export function eventBoundary(text: string): string {
  if (text === "") return "";
  const end = text.slice(-4).replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  if (end.endsWith("\n\n")) return "";
  return end.endsWith("\n") ? "\n" : "\n\n";
}

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
