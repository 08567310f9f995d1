import { TrussError, exitCodes } from "../../../errors.ts";
import { asList, asObject, asString, parseObject } from "../json.ts";
import { formatReference } from "../reference.ts";
import type { Repository } from "../types.ts";
import { type HttpAnswer, readBody } from "./http.ts";

/** What was being done, for messages: `push to registry/name`. */
export interface Purpose {
  readonly repository: Repository;
  readonly doing: "push to" | "pull from";
}

/** What an answer that is no success means to the user. Reads its body. */
export async function refusal(answer: HttpAnswer, purpose: Purpose, secrets: readonly string[]): Promise<TrussError> {
  const { status } = answer;
  const { repository, doing } = purpose;
  const name = formatReference(repository);
  const said = await readSaid(answer, secrets);
  if (status === 401 || status === 403) return authRefused(purpose, said);
  if (status === 404) {
    const hint =
      doing === "push to" ? "make the repository first, and look at its name" : "look at the name and the tag";
    return new TrussError("REGISTRY_REFUSED", `${repository.registry} does not know ${name}${said}.`, {
      hint,
      exitCode: exitCodes.notFound,
    });
  }
  if (status === 429 || status >= 500) {
    return new TrussError("REGISTRY_FAILED", `${repository.registry} answered ${status}${said}, again and again.`, {
      hint: status === 429 ? "it limits how much is asked of it; wait, or log in" : "try again in a while",
      exitCode: exitCodes.platform,
    });
  }
  return new TrussError("REGISTRY_REFUSED", `${repository.registry} refused to ${doing} ${name} (${status})${said}.`, {
    exitCode: exitCodes.validation,
  });
}

/** The registry could not be spoken to. */
export function unreachable(cause: unknown, { repository }: Purpose): TrussError {
  const { registry } = repository;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why = cause instanceof Error ? cause.message || code : String(cause);
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return new TrussError("NETWORK_FAILED", `The certificate of ${registry} is not trusted (${code}).`, {
      hint: "name the file of its authority in NODE_EXTRA_CA_CERTS",
      cause,
    });
  }
  if (/SSL|EPROTO/.test(code) || why.includes("wrong version number")) {
    const hint = "only registries on this machine are spoken to without encryption";
    return new TrussError("NETWORK_FAILED", `${registry} does not speak https.`, { hint, cause });
  }
  const resets = /^(ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code);
  return new TrussError(resets ? "REGISTRY_FAILED" : "NETWORK_FAILED", `${registry} could not be reached: ${why}.`, {
    hint: "look at its name and at the network",
    exitCode: resets ? exitCodes.platform : exitCodes.failure,
    cause,
  });
}

function authRefused({ repository, doing }: Purpose, said: string): TrussError {
  const { registry } = repository;
  const login = registry === "docker.io" ? "docker login" : `docker login ${registry}`;
  return new TrussError(
    "AUTH_REFUSED",
    `${registry} does not let you ${doing} ${formatReference(repository)}${said}.`,
    {
      hint: `run \`${login}\` (or \`podman login ${registry}\`) as somebody who may, and try again`,
      exitCode: exitCodes.auth,
    },
  );
}

/** The registry's own words, in brackets of ours, without any secret that it might echo. */
async function readSaid(answer: HttpAnswer, secrets: readonly string[]): Promise<string> {
  const text = await readBody(answer, 64 << 10).catch(() => Buffer.alloc(0));
  const [first] = asList(parseObject(text)?.["errors"]).map((entry) => asObject(entry) ?? {});
  const words = [asString(first?.["code"]), asString(first?.["message"])].filter((word) => word !== undefined);
  let said = words.join(": ").replace(/\s+/g, " ").slice(0, 300);
  for (const secret of secrets) if (secret !== "") said = said.replaceAll(secret, "***");
  return said === "" ? "" : `: ${said}`;
}
