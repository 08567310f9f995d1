/** The folders below test/fixtures/models. */
export type Fixture =
  | "everything"
  | "page"
  | "page-completions"
  | "page-others"
  | "sockets-only"
  | "pipeline"
  | "typed"
  | "lifecycle"
  | "kept";

export interface OpenOptions {
  /** What to serve instead of the fixture's own config.yaml, as text. */
  readonly config?: string;
}

/** A model that is being served, one way or another. */
export interface Target {
  /** Base URL; there is nothing to connect to where the model is in this process. */
  readonly url: string;
  /** Like the global fetch, with a path. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  /** The log so far. */
  readonly log: () => string;
  close(): Promise<void>;
}

/** Opens a fixture, and answers once it is ready. */
export type Open = (fixture: Fixture, options?: OpenOptions) => Promise<Target>;

/** How a way of serving differs from the others. */
export interface Abilities {
  /** There is a port to connect to. */
  readonly sockets: boolean;
  /** The model sees the test's files. @default true */
  readonly files?: boolean;
}
