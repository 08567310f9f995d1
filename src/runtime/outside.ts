import { TrussError } from "../errors.ts";

/** The packages outside a packaged model by the names that it imports them by, in this order; filled by loading. */
export type Outside = Record<string, object | undefined>;

/**
 * Imports what the bundle would import at its top, were it not for the process that owns the port: that one runs the
 * same file and must load none of it.
 */
export async function loadOutside(outside: Outside): Promise<void> {
  for (const name of Object.keys(outside)) outside[name] = shareLive(await importPackage(name));
}

async function importPackage(name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(name)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    const isAbsent = code === "ERR_MODULE_NOT_FOUND" && String(error).includes(`'${name.split("/")[0]}`);
    if (!isAbsent) throw error;
    throw new TrussError("IMPORT_FAILED", `Package "${name}" is not installed beside the packaged model.`, {
      hint: "Run npm ci --omit=dev in its model folder.",
      cause: error,
    });
  }
}

/** In the form that the bundle's own helpers take for a transpiled module, so that `default` is the module's own. */
function shareLive(module: Readonly<Record<string, unknown>>): object {
  const shared = Object.create(null) as object;
  for (const name of Object.keys(module)) {
    if (name === "__esModule") continue;
    Object.defineProperty(shared, name, { enumerable: true, get: () => module[name] });
  }
  return Object.defineProperty(shared, "__esModule", { value: true });
}
