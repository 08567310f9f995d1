import { setTimeout as delay } from "node:timers/promises";
import { basename } from "node:path";
import type { Verdict } from "../bundle/hot/judge.ts";
import type { ReloadedEvent } from "../events.ts";
import { projectPath } from "../lib/paths.ts";
import type { Brought } from "./reign.ts";
import type { Succession } from "./succession.ts";
import type { Plan } from "./workshop.ts";

/** A built edit on its way. */
export interface HotAttempt {
  readonly id: number;
  readonly plan: Plan;
  /** Absolute paths; none: asked for by hand. */
  readonly changed: readonly string[];
  /** What the bundle was made of, absolute paths. */
  readonly inputs: readonly string[];
  readonly succession: Succession;
  readonly isOld: () => boolean;
}

export type HowTold = Pick<ReloadedEvent, "how" | "why">;

/** Brings an edit by a new process or, asked for hot, under the live instance where that is sound; says which and why. */
export async function bringEdit(how: "swap" | "hot", attempt: HotAttempt): Promise<Brought & HowTold> {
  const { id, plan, succession, isOld } = attempt;
  if (how === "swap") return succession.bring(id, plan);
  const verdict = await judgeAttempt(attempt);
  let { why } = verdict;
  if (verdict.how === "hot") {
    if (isOld()) return { kind: "superseded" };
    const patched = await succession.patch(id, plan, verdict.patch);
    if (patched.kind !== "refused") return { ...patched, how: "hot", why };
    if (isOld()) return { kind: "superseded" };
    ({ why } = patched);
  }
  return { ...(await succession.bring(id, plan)), how: "swap", why };
}

/** So often has code to be run before it is compiled to be quick. */
const rehearsals = 25;
/** Milliseconds of work; requests pass through this process, and large code gets its practice within fewer rounds. */
const rehearsalTime = 150;

/** Gets ready for the first edit, a little at a time; answers after how many rounds. */
export async function prepareHot({ code, start }: Pick<Plan, "code" | "start">): Promise<number> {
  const { rehearse } = await import("../bundle/hot/judge.ts");
  let [rounds, spent] = [0, 0];
  while (rounds < rehearsals && spent < rehearsalTime) {
    const began = performance.now();
    rehearse(code, start.className ?? "Model");
    spent += performance.now() - began;
    rounds += 1;
    await delay(10, undefined, { ref: false });
  }
  return rounds;
}

/** Only an edit of code can be hot: what else has changed may have been read when the model started. */
async function judgeAttempt({ plan, changed, inputs, succession: { live } }: HotAttempt): Promise<Verdict> {
  const { root, className = "Model", bundle } = plan.start;
  if (live === undefined) return swap("no model is serving");
  if (changed.length === 0) return swap("asked for by hand");
  if (live.plan.workshop !== plan.workshop) return swap("the project was read again");
  const read = changed.find((file) => !inputs.includes(file));
  if (read !== undefined) return swap(`${projectPath(root, read)} is not part of the code`);
  const opened = changed.find((file) => mayBeOpened(file, live.plan.code) || mayBeOpened(file, plan.code));
  if (opened !== undefined) return swap(`the code may also read ${projectPath(root, opened)} by itself`);
  // Loaded only where it is asked for.
  const { judge } = await import("../bundle/hot/judge.ts");
  return judge({ live: live.plan.code, edited: plan.code, file: bundle, className, added: live.added });
}

const source = /\.[cm]?[jt]sx?$/;

/** Whether a text or JSON that is imported is also named in the code, as `readFile()` wants it; imports leave no name. */
function mayBeOpened(file: string, code: string): boolean {
  const name = basename(file);
  return !source.test(name) && ["'", '"', "`"].some((quote) => code.includes(`${name}${quote}`));
}

function swap(why: string): Verdict {
  return { how: "swap", why };
}
