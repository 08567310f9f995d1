import type { Fields } from "./messages-from/form.ts";

/** One model in OpenAI's words and in Anthropic's at once: each family reads its own fields. */
export function modelObject(id: string, since: Date): object {
  return {
    id,
    object: "model",
    created: Math.floor(since.getTime() / 1000),
    owned_by: "truss-ts",
    type: "model",
    display_name: id,
    created_at: since.toISOString(),
    capabilities: null,
    deprecated_at: null,
    lifecycle: "active",
    line: null,
    max_input_tokens: null,
    max_tokens: null,
    retires_at: null,
  };
}

/** A list that both families page through: OpenAI's clients take it for the whole. */
export function listPage(items: readonly Fields[], more: boolean): object {
  return {
    object: "list",
    data: items,
    has_more: more,
    first_id: items[0]?.["id"] ?? null,
    last_id: items.at(-1)?.["id"] ?? null,
  };
}

/** A part of a list, as `limit`, `after_id` and `before_id` ask for it; `after` is OpenAI's name. */
export function pageOf(items: readonly Fields[], query: URLSearchParams, defaultLimit: number): object {
  const placeOf = (...names: string[]) => {
    const id = names.map((name) => query.get(name)).find((value) => value !== null);
    return id === undefined ? -1 : items.findIndex((item) => item["id"] === id);
  };
  const after = placeOf("after_id", "after");
  const before = placeOf("before_id", "before");
  const wished = Math.floor(Number(query.get("limit") ?? defaultLimit));
  const limit = wished >= 1 && wished <= 1000 ? wished : defaultLimit;
  if (before !== -1) return listPage(items.slice(Math.max(0, before - limit), before), before > limit);
  const rest = items.slice(after + 1);
  return listPage(rest.slice(0, limit), rest.length > limit);
}
