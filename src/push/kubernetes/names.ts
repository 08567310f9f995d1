/** The longest label of DNS. */
const longest = 63;
/** Knative and KServe put endings of their own behind the name. */
const room = 12;

/** A name that a Service may bear (DNS-1035) and that is as near to the model's as can be: `Qwen 2.5` → `qwen-2-5`. */
export function resourceName(modelName: string): string {
  const plain = modelName
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const named = plain === "" ? "model" : /^[a-z]/.test(plain) ? plain : `model-${plain}`;
  return named.slice(0, longest - room).replaceAll(/-+$/g, "");
}

/** Whether a name may be given to a Service as it is. */
export function isResourceName(name: string): boolean {
  return name.length <= longest - room && /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/.test(name);
}

/** A value that a label may have; `undefined` where nothing of it is left. */
export function labelValue(text: string): string | undefined {
  const value = text
    .replaceAll(/[^-._a-zA-Z0-9]+/g, "-")
    .slice(0, longest)
    .replaceAll(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, "");
  return value === "" ? undefined : value;
}
