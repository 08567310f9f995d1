import { randomUUID } from "node:crypto";

const safe = /^[\w.:\-+/=@]{1,128}$/;

/** An inbound id is kept when it is short and safe; a missing or unsafe one is made anew. */
export function chooseRequestId(...inbound: readonly (string | string[] | null | undefined)[]): string {
  const kept = inbound.find((id) => typeof id === "string" && safe.test(id));
  return typeof kept === "string" ? kept : `req_${randomUUID().replaceAll("-", "")}`;
}
