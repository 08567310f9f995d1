import { STATUS_CODES } from "node:http";
import { type ErrorCode, type ExitCode, TrussError, exitCodes } from "../errors.ts";
import type { Answer } from "./transport.ts";

/** Whose answer it is, and with which key it was asked. */
export interface Asked {
  readonly url: URL;
  readonly key: string;
  /** Where the key comes from: `BASETEN_API_KEY`, or a file. */
  readonly source: string;
}

/** In characters. What a server says is shown up to here. */
const bodyLimit = 10_000;
const messageLimit = 1_000;

/** The error for an answer that is not a success, with the platform's own words and never the key. */
export function describeRefusal(answer: Answer, asked: Asked): TrussError {
  const { status } = answer;
  const { code, exitCode } = kindOf(status);
  const said = conceal(messageOf(answer), asked.key);
  const errorCode = codeOf(parseJson(answer.text));
  return new TrussError(code, `${leadFor(status, asked)} (${status}): ${said}`, {
    exitCode,
    details: {
      status_code: status,
      response_body: conceal(answer.text.slice(0, bodyLimit), asked.key),
      ...(errorCode === undefined ? {} : { error_code: errorCode }),
    },
    ...hintFor(status, asked),
  });
}

/** The error for a success that cannot be understood. */
export function describeGarbage(answer: Answer, asked: Asked, what: string): TrussError {
  return new TrussError("API_FAILED", `${asked.url.host} answered ${answer.status} with ${what}.`, {
    exitCode: exitCodes.platform,
    hint: "check that the address is that of Baseten's management API",
    details: { status_code: answer.status, response_body: conceal(answer.text.slice(0, bodyLimit), asked.key) },
  });
}

/** Never lets a key out, whoever put it into a text. */
export function conceal(text: string, key: string): string {
  return key === "" ? text : text.replaceAll(key, "***");
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function kindOf(status: number): { code: ErrorCode; exitCode: ExitCode } {
  if (status === 401 || status === 403) return { code: "AUTH_REFUSED", exitCode: exitCodes.auth };
  if (status === 404) return { code: "API_NOT_FOUND", exitCode: exitCodes.notFound };
  if (status >= 400 && status < 500) return { code: "API_REFUSED", exitCode: exitCodes.validation };
  return { code: "API_FAILED", exitCode: exitCodes.platform };
}

function leadFor(status: number, { url }: Asked): string {
  if (status === 401) return "Baseten does not accept the API key";
  if (status === 403) return "The API key may not do this";
  if (status === 404) return `Baseten does not know ${url.pathname}`;
  if (status === 429) return "Baseten takes no more requests at the moment";
  if (status < 400) return "Baseten's answer cannot be followed";
  return status < 500 ? "Baseten refused the request" : "Baseten failed";
}

function hintFor(status: number, { source }: Asked): { hint?: string } {
  if (status === 401 || status === 403) return { hint: `the key came from ${source}; truss-ts login takes another` };
  if (status === 404) return { hint: "it may be gone, or not be visible to this API key" };
  if (status === 429) return { hint: "try again later" };
  return {};
}

function messageOf(answer: Answer): string {
  if (answer.status >= 300 && answer.status < 400) return redirectOf(answer);
  const said = wordsOf(parseJson(answer.text)) ?? plainTextOf(answer);
  return (said ?? STATUS_CODES[answer.status] ?? "no reason was given").slice(0, messageLimit);
}

/** The host only: a redirect is not followed, since the key would go with it. */
function redirectOf({ headers }: Answer): string {
  const target = headers.get("location") ?? "";
  return `a redirect to ${URL.canParse(target) ? new URL(target).host : "another place"}, which would be given the API key`;
}

/** The words in any of the forms that the platform and what stands before it use. */
function wordsOf(value: unknown): string | undefined {
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  if (Array.isArray(value)) return value.map(wordsOf).filter(Boolean).join("; ") || undefined;
  if (typeof value !== "object" || value === null) return undefined;
  const place: unknown = Reflect.get(value, "loc");
  for (const name of ["message", "error", "detail", "details", "errors", "msg"]) {
    const words = wordsOf(Reflect.get(value, name));
    if (words !== undefined) return Array.isArray(place) ? `${place.join(".")}: ${words}` : words;
  }
  return undefined;
}

/** A short text as it is; of a page nothing. */
function plainTextOf({ text }: Answer): string | undefined {
  const line = text.trim().split("\n", 1)[0]?.trim() ?? "";
  return line === "" || /^[<{[]/.test(line) ? undefined : line;
}

function codeOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown[] = ["code", "error_code"].map((name) => Reflect.get(value, name));
  return found.find((code): code is string => typeof code === "string") ?? codeOf(Reflect.get(value, "error"));
}
