import type { Fields } from "../wire/messages-from/form.ts";

/** A response, and the whole input that it was made from. */
export interface KeptResponse {
  readonly response: Fields;
  readonly input: readonly Fields[];
}

/** Keeps the latest responses of this process, in memory. */
export interface ResponseStore {
  get(id: string): KeptResponse | undefined;
  /** An item of any kept response, by its own id. */
  item(id: string): Fields | undefined;
  put(kept: KeptResponse): void;
  delete(id: string): boolean;
}

/** Of all that is kept together. Characters, so that no text has to be measured twice. */
const sizeLimit = 64 * 1024 * 1024;

/** Bounded by number and by size; what was used last goes last. */
export function createResponseStore(limit: number, maxSize = sizeLimit): ResponseStore {
  // As text: it has a size, and nobody who is given a copy can change what is kept.
  const texts = new Map<string, { readonly text: string; readonly items: readonly string[] }>();
  /** Which responses have an item, by its id. The last is the latest. */
  const owners = new Map<string, Set<string>>();
  let size = 0;

  const read = (id: string): KeptResponse | undefined => {
    const found = texts.get(id);
    if (found === undefined) return undefined;
    texts.delete(id);
    texts.set(id, found);
    return JSON.parse(found.text) as KeptResponse;
  };
  const remove = (id: string): boolean => {
    const found = texts.get(id);
    if (found === undefined) return false;
    texts.delete(id);
    size -= found.text.length;
    for (const item of found.items) {
      owners.get(item)?.delete(id);
      if (owners.get(item)?.size === 0) owners.delete(item);
    }
    return true;
  };

  return {
    get: read,
    item(id) {
      const owner = [...(owners.get(id) ?? [])].at(-1);
      const kept = owner === undefined ? undefined : read(owner);
      return kept && itemsOf(kept).find((item) => item["id"] === id);
    },
    put(kept) {
      const id = String(kept.response["id"]);
      const text = toText(kept);
      remove(id);
      if (text === undefined || text.length > maxSize) return;
      const items = itemsOf(kept).flatMap((item) => (typeof item["id"] === "string" ? [item["id"]] : []));
      texts.set(id, { text, items });
      size += text.length;
      for (const item of items) owners.set(item, (owners.get(item) ?? new Set()).add(id));
      for (const oldest of texts.keys()) {
        if (texts.size <= limit && size <= maxSize) break;
        remove(oldest);
      }
    },
    delete: remove,
  };
}

/** `undefined` for what nests deeper than JSON can be written: the answer itself is none the worse for it. */
function toText(kept: KeptResponse): string | undefined {
  try {
    return JSON.stringify(kept);
  } catch {
    return undefined;
  }
}

function itemsOf({ response, input }: KeptResponse): Fields[] {
  const { output } = response;
  return [...input, ...(Array.isArray(output) ? (output as Fields[]) : [])];
}
