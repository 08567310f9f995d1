import type { StagedFile } from "./types.ts";

/** What is known of one package in a lockfile, in the words of npm's `packages`. */
export interface LockEntry {
  readonly [field: string]: unknown;
  /** The package's own name, where its folder has another one (`npm:` aliases). */
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

/** Whom a package needs. */
export interface Edge {
  /** The name of its folder in `node_modules`. */
  readonly name: string;
  /** The key of the package found under that name. */
  readonly to: string;
  readonly kind: "dependency" | "optional" | "peer";
}

export interface LockedPackage {
  /** What tells it apart: in npm's lockfile its location. */
  readonly key: string;
  readonly name: string;
  readonly entry: LockEntry;
  /** Those that are there; sorted by name. */
  readonly edges: readonly Edge[];
}

/** What a project's lockfile says of the outside packages and all that they need. */
export interface LockedSet {
  /** The file's name, for messages. */
  readonly file: string;
  readonly packages: ReadonlyMap<string, LockedPackage>;
  /** The outside packages themselves: name → key. Sorted by name. */
  readonly roots: ReadonlyMap<string, string>;
  /** Names whose install scripts the project allows. */
  readonly allowedScripts: ReadonlySet<string>;
  /** Packed packages of the project's own, which go along. */
  readonly tarballs: readonly StagedFile[];
  /** Ranges in the entries may not be those that were followed (npm's `overrides`). */
  readonly overridden: boolean;
}
