/** The export of a patchable bundle that runs code in the bundle's own scope. */
export const evaluator = "__trussEvaluate";
