import { TrussError } from "../errors.ts";

type Importing = () => Promise<Readonly<Record<string, unknown>>>;

/**
 * The packages outside a packaged model by the names that it imports them by, in this order: how each is imported, and
 * after loading what came of it. The imports stand in the built file by name, so that tools which trace it see them.
 */
export type Outside = Record<string, Importing | object>;

/**
 * Imports what the bundle would import at its top, were it not for the process that owns the port: that one runs the
 * same file and must load none of it.
 */
export async function loadOutside(outside: Outside): Promise<void> {
  for (const [name, value] of Object.entries(outside)) {
    if (isImporting(value)) outside[name] = shareLive(await importPackage(name, value));
  }
}

function isImporting(value: object): value is Importing {
  return typeof value === "function";
}

async function importPackage(name: string, importing: Importing): ReturnType<Importing> {
  try {
    return await importing();
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
