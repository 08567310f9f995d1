import type { BuildError } from "../types.ts";

export interface ArtifactOptions {
  /** What `model/server.mjs` listens on when nothing else is said: `docker_server.server_port`. @default 8000 */
  readonly port?: number;
  /** What `context.config` shows, without any secret's value. @default the project's `config.yaml`, parsed */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A package that went into the bundle. */
export interface BundledUse {
  readonly name: string;
  readonly version: string;
}

/** A package that stays outside the bundle, to be installed beside it: in `model/node_modules`. */
export interface OutsideUse extends BundledUse {
  /** Absolute real path of the package as it is installed now. */
  readonly folder: string;
  /** In a few words: `native code`, `reads files beside its code`. */
  readonly why: string;
  /** How the bundle names it: `sharp`, `lodash/fp`. Sorted. */
  readonly specifiers: readonly string[];
}

/** A file that goes along as it is. */
export interface CopiedFile {
  /** Absolute. */
  readonly from: string;
  /** Relative to the stage, with forward slashes. */
  readonly to: string;
  /** A source names it: without it the model would fail, so that no rule should leave it out unsaid. */
  readonly named: boolean;
}

/** A file that was built beside `model/server.mjs`: a worker's code or its source map. */
export interface BuiltFile {
  /** Relative to the stage, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** What may not work where the artefact runs. */
export interface ArtifactWarning {
  readonly message: string;
  /** Relative to the project, with forward slashes. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly hint?: string;
}

export interface Artifact {
  readonly ok: true;
  /** The text of `model/server.mjs`. */
  readonly code: string;
  /** The text of `model/server.mjs.map`; sources are named relative to the project. */
  readonly map: string;
  /** Sorted by path; empty without workers. */
  readonly files: readonly BuiltFile[];
  /** Sorted by name. */
  readonly outside: readonly OutsideUse[];
  /** Sorted by name, then version; the runtime's own packages among them. */
  readonly bundled: readonly BundledUse[];
  /** Sorted by `to`. Those of `data/` are not among them, unless a source names them. */
  readonly copies: readonly CopiedFile[];
  /** Absolute paths of all that was read to make it. Sorted. */
  readonly inputs: readonly string[];
  readonly warnings: readonly ArtifactWarning[];
}

export type ArtifactResult =
  | Artifact
  | { readonly ok: false; readonly errors: readonly BuildError[]; readonly inputs: readonly string[] };
