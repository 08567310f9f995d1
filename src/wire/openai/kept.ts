/** On a request of `responses` that the runtime keeps the answer of; the same for every copy of this module. */
const keptMark = Symbol.for("truss-ts.kept-response");

/** A copy of the request that says so. It survives `{ ...input }`, and JSON does not show it. */
export function markKept<Input extends object>(input: Input): Input {
  return { ...input, [keptMark]: true };
}

/** The runtime keeps responses: what `previous_response_id` means is in the request's input already. */
export function isKept(input: object): boolean {
  return Reflect.get(input, keptMark) === true;
}
