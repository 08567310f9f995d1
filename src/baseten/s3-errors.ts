import { TrussError, exitCodes } from "../errors.ts";
import type { Answer } from "./transport.ts";

/** What S3 answers when a clock is more than 15 minutes off. */
const skewed = "RequestTimeTooSkewed";

/** Whether the same request may succeed when it is sent again. */
export function isPassing({ status, text }: Answer): boolean {
  return status >= 500 || status === 429 || ["RequestTimeout", "SlowDown", "BadDigest"].includes(codeIn(text));
}

/** The error for S3's refusal. Of its answer only code and message are told: the rest may quote the credentials. */
export function describeS3Refusal(answer: Answer): TrussError {
  const code = codeIn(answer.text);
  if (code === skewed) return describeSkew(answer);
  const said = [code, elementIn(answer.text, "Message")].filter((part) => part !== "").join(": ");
  const isOld = code === "ExpiredToken";
  return new TrussError("UPLOAD_FAILED", `The archive was not taken (${answer.status}): ${said || "no reason given"}`, {
    exitCode: exitCodes.platform,
    hint: isOld ? "the upload took longer than it may: push again" : "nothing was deployed; push again",
    details: { status_code: answer.status, ...(code === "" ? {} : { error_code: code }) },
  });
}

export function codeIn(text: string): string {
  return elementIn(text, "Code");
}

/** The text of an element that has no others inside; empty where there is none. */
export function elementIn(xml: string, name: string): string {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
  return found
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .trim();
}

function describeSkew({ status, headers, text }: Answer): TrussError {
  const there = Date.parse(elementIn(text, "ServerTime") || (headers.get("date") ?? ""));
  const minutes = Math.round((Date.now() - there) / 60_000);
  const how = Number.isNaN(minutes) ? "off" : `${Math.abs(minutes)} minutes ${minutes > 0 ? "ahead" : "behind"}`;
  return new TrussError("UPLOAD_FAILED", `The archive was not taken: the clock of this machine is ${how}.`, {
    hint: "set the clock (timedatectl set-ntp true, or restart the virtual machine) and push again",
    details: { status_code: status, error_code: skewed },
  });
}
