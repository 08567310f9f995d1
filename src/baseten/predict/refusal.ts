import { type ExitCode, TrussError, exitCodes } from "../../errors.ts";
import type { Credentials } from "../credentials.ts";
import type { ModelAnswer } from "./call.ts";
import { messageOf } from "./deltas.ts";
import { listRoutes, readText } from "./routes.ts";
import { methodsOf } from "./target.ts";

/** What was asked, and of whom. */
export interface Asked {
  readonly url: URL;
  readonly base: URL;
  readonly account?: { readonly credentials: Credentials };
  readonly deployed: boolean;
  readonly signal: AbortSignal;
}

/** Bytes of a refusal's body that are shown. */
const bodyLimit = 64 * 1024;

/** The error for an answer that is not a success. Its body is handed to `tell`, since it is not the answer that was asked for. */
export async function refuseAnswer(
  answer: ModelAnswer,
  asked: Asked,
  tell: (text: string) => void,
): Promise<TrussError> {
  const { status, statusText } = answer;
  const key = asked.account?.credentials.key.reveal();
  const body = await readText(answer.body, bodyLimit).catch(() => "");
  const text = key === undefined ? body : body.replaceAll(key, "***");
  tell(text);
  const said = messageOf(text);
  const hint = await hintFor(status, asked);
  return new TrussError(
    "REQUEST_FAILED",
    `${asked.url.href} answered ${statusText}${said === undefined ? "." : `: ${said}`}`,
    {
      exitCode: exitCodeOf(status),
      ...(hint === undefined ? {} : { hint }),
      details: { status_code: status, response_body: text },
    },
  );
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return exitCodes.auth;
  if (status === 404) return exitCodes.notFound;
  return status >= 400 && status < 500 ? exitCodes.validation : exitCodes.platform;
}

async function hintFor(status: number, asked: Asked): Promise<string | undefined> {
  if (status >= 300 && status < 400) return "a redirect is not followed, since the API key would go with it";
  if (status === 401 || status === 403) return hintForKey(asked);
  if (status === 404 || status === 405) return hintForPlace(asked);
  if (status === 429) return "it has more to do than it takes; try again later";
  if (status === 502 || status === 503 || status === 504) {
    return asked.deployed ? "it may be starting, or have no replica; truss-ts logs tells" : "it may still be loading";
  }
  return status >= 500 ? "the model's log tells why" : undefined;
}

function hintForKey({ account }: Asked): string {
  if (account === undefined) return "no API key was sent; --with-key sends it, --header any other";
  return `the key came from ${account.credentials.from}; truss-ts whoami tells whose it is`;
}

async function hintForPlace({ base, account, deployed, signal }: Asked): Promise<string> {
  const key = account?.credentials.key.reveal();
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const routes = await listRoutes(base, headers, signal).catch(() => undefined);
  const methods = methodsOf(routes ?? []);
  if (methods.length > 0) return `it serves ${methods.join(", ")}: say which with --endpoint`;
  return deployed
    ? "the model, its environment or the endpoint is not there"
    : "--endpoint names another, --url another server";
}
