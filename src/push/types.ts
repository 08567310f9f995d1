import type { EndpointReport, Reporter } from "../events.ts";
import type { Project } from "../project/types.ts";
import type { StagedConfig } from "./staged-config.ts";

/** Where a staged file's bytes are: made by us, or on disk, where large ones stay until they are read as a stream. */
export type StagedContent =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "file"; readonly file: string };

/** One file of what is pushed. */
export interface StagedFile {
  /** Relative to the stage, with forward slashes: `config.yaml`, `model/server.mjs`, `data/labels.txt`. */
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  /** Bytes. */
  readonly size: number;
  readonly content: StagedContent;
}

/** A package that stays outside the bundle and is installed where the model will run. */
export interface OutsidePackage {
  readonly name: string;
  readonly version: string;
  /** In a few words: `native code`, `reads files beside its code`. */
  readonly why: string;
}

/** Who installs the outside packages, from which of the staged files. */
export interface Installation {
  readonly manager: "npm" | "pnpm" | "yarn" | "bun";
  /** Run in `model/`: `npm ci --omit=dev`. */
  readonly command: string;
  readonly packages: readonly OutsidePackage[];
  /** Whether a lockfile is staged beside `model/package.json`. */
  readonly locked: boolean;
}

/** A package that went into `model/server.mjs`, for the bill of materials. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
}

/** All that is delivered, whatever the target: the same files, the same digest on every machine. */
export interface Stage {
  readonly project: Project;
  /** The staged `config.yaml`, and why Baseten could not build it. */
  readonly config: StagedConfig;
  readonly endpoints: readonly EndpointReport[];
  /** Sorted by the bytes of their paths. */
  readonly files: readonly StagedFile[];
  /** Of all files together, in bytes. */
  readonly size: number;
  /** `sha256:…` of the archive that these files make. */
  readonly digest: string;
  /** Of that archive, in bytes. */
  readonly archiveSize: number;
  /** The port that the staged `docker_server` block names; what `model/server.mjs` listens on when nothing else is said. */
  readonly port: number;
  /** Absent where everything is in the bundle. */
  readonly installation?: Installation;
  readonly bundled: readonly BundledPackage[];
}

/** One flag of a target, as the command line shows it. */
export interface TargetOption {
  /** In commander's form: `--base <ref>`, `--promote`, `--no-wait`. Several targets may share one, spelt alike. */
  readonly flags: string;
  readonly description: string;
  /** Throws a `TrussError` with code USAGE for a value that is no good. */
  readonly parse?: (value: string) => unknown;
  /** The values that may be given. */
  readonly choices?: readonly string[];
  readonly default?: unknown;
}

export interface PublishRequest {
  readonly project: Project;
  readonly stage: Stage;
  /** The target's own flags by commander's names: `dryRun`, `imageRef`. Absent: not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Nothing may be written or sent, but what a server is asked in order to validate. */
  readonly dryRun: boolean;
  readonly report: Reporter;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What `push` prints when a target has delivered. */
export interface Published {
  /** What to call it by: a path, an image reference, a URL. The last line on stdout. */
  readonly reference: string;
  /** `--json` prints this one object; `target`, `digest` and `files` are put before it unless given here. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Lines for a person: `Image  registry/name:tag`. */
  readonly summary: readonly (readonly [label: string, value: string])[];
  /** Commands and URLs to go on with. */
  readonly next: readonly string[];
}

/** One way of delivering a stage. A new one is a folder below `targets/` and a row in `targets.ts`. */
export interface Target {
  readonly name: string;
  readonly options: readonly TargetOption[];
  /** Looks at the flags, and at `dryRun`, before anything is built; throws a `TrussError` with code USAGE. */
  readonly validate?: (flags: Readonly<Record<string, unknown>>) => void;
  /** Whether the project must have a `model_name`; a person is asked for it, and it is written to config.yaml. */
  readonly needsName?: (flags: Readonly<Record<string, unknown>>) => boolean;
  publish(request: PublishRequest): Promise<Published>;
}
