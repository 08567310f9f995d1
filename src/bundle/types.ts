/** Why a bundle could not be built, at its place in the user's source. */
export interface BuildError {
  readonly message: string;
  /** Relative to the project, with forward slashes. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column?: number;
  readonly lineText?: string;
}

export type BuildResult =
  | {
      readonly ok: true;
      /** Absolute path of the bundle, an ES module with the exports of the model file. */
      readonly file: string;
      /** What is in it. */
      readonly code: string;
      /** Absolute paths of the sources that went into it, and of the tsconfig.json that rule them. */
      readonly inputs: readonly string[];
      /** Absolute paths of files whose change means that packages are not what they were. */
      readonly packageFiles: readonly string[];
      /** Specifiers of packages that stayed outside, Node's own not among them. */
      readonly externals: readonly string[];
      /** File URLs of what the bundle will import of them; a process that has loaded these has less to do later. */
      readonly preloads: readonly string[];
    }
  | {
      readonly ok: false;
      readonly errors: readonly BuildError[];
      /** As far as known, with the paths that a missing file could have. */
      readonly inputs: readonly string[];
      readonly packageFiles: readonly string[];
    };

/** Builds one project again and again, each time only what changed. */
export interface Bundler {
  /**
   * Builds what is on disk now. Calls while a build runs share the one that follows it, so no edit is missed.
   *
   * @throws TrussError WRITE_FAILED
   */
  build(): Promise<BuildResult>;
  /** Keeps the file of a bundle until the answer is called, however many are built after it. */
  hold(file: string): () => void;
  /** Ends esbuild's own process, for a caller that builds no more; what was built stays until `close()`. */
  rest(): Promise<void>;
  /** Ends esbuild's work and removes the bundles. */
  close(): Promise<void>;
}
