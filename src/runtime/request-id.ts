import type { IncomingMessage } from "node:http";
import { randomBytes } from "node:crypto";

const safe = /^[\w.:\-+/=@]{1,128}$/;
/** Random once a process; a running number makes each id its own, at a fraction of a UUID's price. */
const prefix = `req_${randomBytes(10).toString("hex")}`;
let last = 0;

/** An inbound id is kept when it is short and safe; a missing or unsafe one is made anew. */
export function chooseRequestId(...inbound: readonly (string | string[] | null | undefined)[]): string {
  for (const id of inbound) if (typeof id === "string" && safe.test(id)) return id;
  last += 1;
  return `${prefix}${last.toString(36).padStart(6, "0")}`;
}

/** The id of a request that has come over HTTP. */
export function requestIdOf({ headers }: IncomingMessage): string {
  return chooseRequestId(headers["x-request-id"], headers["x-baseten-request-id"]);
}
