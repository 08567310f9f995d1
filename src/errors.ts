/** Every code an error of ours can carry. The list is closed: scripts match on it. */
export const errorCodes = [
  "USAGE",
  "PROJECT_NOT_FOUND",
  "CONFIG_INVALID",
  "CONFIG_UNREADABLE",
  "MODEL_FILE_NOT_FOUND",
  "MODEL_CLASS_NOT_FOUND",
  "NO_ENDPOINT",
  "METHOD_MISNAMED",
  "METHOD_NOT_A_FUNCTION",
  "METHOD_SIGNATURE",
  "SCHEMA_INVALID",
  "METHOD_COMBINATION",
  "BUILD_FAILED",
  "IMPORT_FAILED",
  "CONSTRUCTOR_FAILED",
  "SETUP_FAILED",
  "LOAD_FAILED",
  "LOAD_EXITED",
  "MODEL_EXITED",
  "SECRET_UNDECLARED",
  "SECRET_MISSING",
  "PORT_IN_USE",
  "PORT_INVALID",
  "HOST_INVALID",
  "DIRECTORY_NOT_EMPTY",
  "NAME_INVALID",
  "TEMPLATE_UNKNOWN",
  "WRITE_FAILED",
  "INSTALL_FAILED",
  "CANCELLED",
  "NOT_INTERACTIVE",
  "NOT_AVAILABLE",
  "STAGE_SECRET",
  "STAGE_CONFLICT",
  "LOCKFILE_MISSING",
  "PACKAGE_UNSUITABLE",
  "PACKAGE_INSTALL_FAILED",
  "BASE_INVALID",
  "IMAGE_INVALID",
  "REGISTRY_REFUSED",
  "REGISTRY_FAILED",
  "BUILDER_NOT_FOUND",
  "BUILDER_FAILED",
  "KUBECTL_FAILED",
  "AUTH_MISSING",
  "AUTH_REFUSED",
  "API_NOT_FOUND",
  "API_REFUSED",
  "API_FAILED",
  "UPLOAD_FAILED",
  "DEPLOYMENT_FAILED",
  "DEPLOYMENT_TIMEOUT",
  "REQUEST_FAILED",
  "NETWORK_FAILED",
  "INTERRUPTED",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Exit codes of the command line; see the README's table. */
export const exitCodes = {
  done: 0,
  failure: 1,
  usage: 2,
  auth: 3,
  notFound: 4,
  validation: 5,
  platform: 6,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A place in the user's own source. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing wrong with a project, as `check` lists it. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly hint?: string;
}

export interface TrussErrorOptions extends Partial<SourceLocation> {
  /** What to do next, in one sentence. */
  readonly hint?: string;
  /** @default 1 */
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
  /** More for scripts, put into the `error` object of `--json`: `{ status_code: 422 }`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const trussErrorMark = Symbol.for("truss-ts.error");
const httpErrorMark = Symbol.for("truss-ts.http-error");

/** An expected failure: shown without a stack, with a hint where there is one. */
export class TrussError extends Error {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly exitCode: ExitCode;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly details?: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: TrussErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TrussError";
    this.code = code;
    this.exitCode = options.exitCode ?? exitCodes.failure;
    if (options.hint !== undefined) this.hint = options.hint;
    if (options.file !== undefined) this.file = options.file;
    if (options.line !== undefined) this.line = options.line;
    if (options.column !== undefined) this.column = options.column;
    if (options.details !== undefined) this.details = options.details;
    Object.defineProperty(this, trussErrorMark, { value: true });
  }
}

/** Recognised by a symbol, so that another copy of this module does as well. */
export function isTrussError(value: unknown): value is TrussError {
  return isMarked(value, trussErrorMark);
}

export interface HttpErrorOptions {
  /** The family's error type; by default the one customary for the status. */
  readonly type?: string;
  /** A machine-readable code, such as `model_not_found`. */
  readonly code?: string;
  /** The request field at fault. */
  readonly param?: string;
  /** Headers for the answer, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * Throw this from a Model method to answer with a status of your choice. Clients get it in the shape of the
 * endpoint's family (OpenAI or Anthropic), so that their SDKs throw the right exception.
 *
 * @example
 * throw new HttpError(429, "The upstream is busy", { headers: { "Retry-After": "5" } });
 */
export class HttpError extends Error {
  readonly status: number;
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;

  constructor(status: number, message: string, options: HttpErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`HttpError takes a status from 400 to 599, not ${String(status)}`);
    }
    this.name = "HttpError";
    this.status = status;
    if (options.type !== undefined) this.type = options.type;
    if (options.code !== undefined) this.code = options.code;
    if (options.param !== undefined) this.param = options.param;
    if (options.headers !== undefined) this.headers = options.headers;
    Object.defineProperty(this, httpErrorMark, { value: true });
  }
}

/** Recognised by a symbol: a user's bundle carries its own copy of {@link HttpError}. */
export function isHttpError(value: unknown): value is HttpError {
  return isMarked(value, httpErrorMark);
}

function isMarked(value: unknown, mark: symbol): boolean {
  return typeof value === "object" && value !== null && Reflect.get(value, mark) === true;
}
