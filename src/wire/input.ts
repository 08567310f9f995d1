import { HttpError } from "../errors.ts";

/** What every helper reads of a request. */
export interface HelperInput {
  readonly model?: string | null | undefined;
  readonly stream?: boolean | null | undefined;
}

export interface HelperOptions {
  /** The model's name in the answer. @default the request's `model` */
  readonly model?: string;
}

export interface StopOptions extends HelperOptions {
  /**
   * Cuts the text at the first of the request's stop sequences, for models that do not know them themselves, and ends
   * the generation there. Tokens that a generation counts at its very end are then not counted.
   *
   * @default false
   */
  readonly applyStop?: boolean;
}

/** The name to answer with; the request's own, as all families expect, unless the author gives another. */
export function modelName(input: HelperInput, options: HelperOptions): string {
  return options.model ?? input.model ?? "model";
}

/** Bodies come from clients: anything but an object is their mistake. */
export function requireObject(input: unknown): void {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new HttpError(400, "The body must be a JSON object");
  }
}

/** Refuses a request field that one generation cannot honour. */
export function refuse(param: string, message: string): never {
  throw new HttpError(400, message, { param, code: "unsupported_value" });
}
