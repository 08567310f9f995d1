import type { Reporter } from "../../events.ts";
import type { Platform } from "../platform.ts";
import type { StagedContent, Stage } from "../types.ts";

/** A file of the installed outside packages, for an image. */
export interface PackageFile {
  readonly kind: "file";
  /** Relative to the stage, with forward slashes: `model/node_modules/sharp/lib/index.js`. */
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  /** Bytes. */
  readonly size: number;
  readonly content: StagedContent;
}

/** A symbolic link among them, such as those in `node_modules/.bin`. */
export interface PackageLink {
  readonly kind: "link";
  readonly path: string;
  /** Relative to the link's own folder. */
  readonly target: string;
}

export interface PackagesRequest {
  readonly stage: Stage;
  readonly platform: Platform;
  /** `install`: by the project's package manager; `trace`: copied from its own node_modules. */
  readonly how: "install" | "trace";
  /** The C library of the base. @default "glibc" */
  readonly libc?: "glibc" | "musl";
  readonly report: Reporter;
  readonly signal: AbortSignal;
}

/** The outside packages of a stage for one platform, which are installed only when somebody reads them. */
export interface Packages {
  /** The same for the same content: of lockfile, platform and way. Whoever has seen it need not call `read`. */
  readonly key: string;
  /** Any order; folders are implied. The files stay where they are until `close`. */
  read(): Promise<readonly (PackageFile | PackageLink)[]>;
  /** Takes away what `read` has made, where it is not kept in the cache. */
  close(): Promise<void>;
}
