/** A fresh id with a family's customary prefix, such as `chatcmpl` or `resp`. */
export function createId(prefix: string, separator: "-" | "_" = "_"): string {
  return `${prefix}${separator}${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Now, as OpenAI's `created` fields count it. */
export function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
