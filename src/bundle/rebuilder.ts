import { type BuildContext, type BuildFailure, type BuildOptions, type BuildResult, context, stop } from "esbuild";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { usesPlace } from "./source-places.ts";

/** What a build of one kind goes by. */
export interface BuildKind {
  /** Absolute paths of the sources that want to know their place; `undefined`: each is asked. */
  readonly placed: ReadonlySet<string> | undefined;
}

export interface RebuilderOptions {
  readonly root: string;
  readonly optionsOf: (kind: BuildKind) => BuildOptions;
  /** Forgets what the last build has met. */
  readonly clear: () => void;
  /** Absolute paths of the sources that a build has read, as far as known. */
  readonly inputs: Set<string>;
}

export interface Rebuilder {
  rebuild(): Promise<BuildResult | BuildFailure>;
  dispose(): Promise<void>;
}

/** The work that waits for an edit's is done before the quick context is got ready. */
const prepareAfterMs = 250;

/**
 * esbuild asks back for each file it reads, which takes longer than building does. So a first build notes which sources
 * need an answer, and the later ones are asked about those only. Whatever that could miss is built the thorough way.
 */
export function createRebuilder(options: RebuilderOptions): Rebuilder {
  const { root, optionsOf, clear, inputs } = options;
  const isPlaced = createPlaceCheck();
  let placed = new Set<string>();
  let thorough: BuildContext | undefined;
  let quick: BuildContext | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const buildThoroughly = async (): Promise<BuildResult | BuildFailure> => {
    dropQuick();
    clear();
    thorough ??= await openContext(optionsOf({ placed: undefined }));
    const outcome = await thorough.rebuild().catch(async (error: unknown) => {
      if (isBuildFailure(error)) return error;
      clear();
      thorough = await openContext(optionsOf({ placed: undefined }));
      return thorough.rebuild().catch(keepBuildFailure);
    });
    if (!(outcome instanceof Error)) {
      placed = new Set([...inputs].filter((file) => isPlaced(file)));
      timer = setTimeout(() => void prepareQuick(), prepareAfterMs).unref();
    }
    return outcome;
  };

  const prepareQuick = async () => {
    const asked = placed;
    const ready = await context(optionsOf({ placed: asked })).catch(() => undefined);
    // Its first build reads everything; it is no use to anybody waiting.
    await ready?.rebuild().catch(() => undefined);
    // A thorough build meanwhile may have found others: this one would leave their places out.
    if (closed || quick !== undefined || placed !== asked) await ready?.dispose();
    else quick = ready;
  };

  function dropQuick(): void {
    clearTimeout(timer);
    void quick?.dispose().catch(() => undefined);
    quick = undefined;
  }

  return {
    async rebuild() {
      const context = quick;
      if (context === undefined) return buildThoroughly();
      clear();
      const outcome = await context.rebuild().catch(() => undefined);
      for (const file of sourcesOf(outcome?.metafile, root)) inputs.add(file);
      const isWhole = outcome !== undefined && [...inputs].every((file) => placed.has(file) || !isPlaced(file));
      return isWhole ? outcome : buildThoroughly();
    },
    async dispose() {
      closed = true;
      dropQuick();
      await thorough?.dispose();
    },
  };
}

/** Looks at a source that is new or was written since: what it wants may have changed. */
function createPlaceCheck(): (file: string) => boolean {
  const checked = new Map<string, { readonly stamp: string; readonly found: boolean }>();
  return (file) => {
    const stamp = stampOf(file);
    const known = checked.get(file);
    if (known?.stamp === stamp) return known.found;
    const found = usesPlace(file, readText(file));
    checked.set(file, { stamp, found });
    return found;
  };
}

function sourcesOf(metafile: BuildResult["metafile"], root: string): string[] {
  // Modules that stand in no file have the namespace of their plugin before them.
  const names = Object.keys(metafile?.inputs ?? {}).filter((name) => !/^(?:truss-ts-[a-z]+|\(disabled\)):/.test(name));
  return names.map((name) => resolve(root, name));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.mtimeMs}:${found.ctimeMs}:${found.size}`;
}

/** esbuild's own process may have died, or was killed: then another one is started. */
async function openContext(settings: BuildOptions): Promise<BuildContext> {
  const probe = await context(settings).catch(() => undefined);
  if (probe !== undefined) return probe;
  await stop();
  return context(settings);
}

function keepBuildFailure(error: unknown): BuildFailure {
  if (isBuildFailure(error)) return error;
  throw error;
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
