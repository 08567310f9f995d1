export { HttpError } from "./errors.ts";
export type * from "./model/contract.ts";
export type * from "./model/context.ts";
