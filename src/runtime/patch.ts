import { isTrussError } from "../errors.ts";
import { evaluator } from "../model/evaluator.ts";
import type { ModelClass } from "../model/contract.ts";
import type { PatchOutcome } from "./channel.ts";
import { type ModelHost, endpointReports } from "./lifecycle.ts";
import { messageOf, toRemoteError } from "./stacks.ts";

type Evaluate = (code: string) => unknown;

interface Patch {
  readonly model: ModelClass;
  readonly commit: () => void;
  readonly evaluate: Evaluate | undefined;
}

/** Brings code into the scope of a bundle that runs. */
export interface Patcher {
  apply(code: string, before: number): PatchOutcome;
}

/** @param findModule the imported bundle, once there is one */
export function createPatcher(host: ModelHost, findModule: () => object | undefined, root: string): Patcher {
  let evaluate: Evaluate | undefined;
  return {
    apply(code, before) {
      const bundle = findModule();
      evaluate ??= bundle && (Reflect.get(bundle, evaluator) as Evaluate | undefined);
      if (evaluate === undefined || host.state !== "ready") return refused("the model is not serving");
      if (Date.now() > before) return refused("the model was busy");
      let patch: Patch;
      try {
        patch = evaluate(code) as Patch;
      } catch (error) {
        return refused(messageOf(error));
      }
      try {
        host.adopt(patch.model);
      } catch (error) {
        if (!isTrussError(error)) return refused(messageOf(error));
        return { kind: "failed", error: toRemoteError(error.code, error, root) };
      }
      try {
        patch.commit();
      } catch (error) {
        // What is half done is replaced by the new start that follows.
        return refused(messageOf(error));
      }
      evaluate = patch.evaluate ?? evaluate;
      return { kind: "done", endpoints: endpointReports(host) };
    },
  };
}

function refused(why: string): PatchOutcome {
  return { kind: "refused", why };
}
