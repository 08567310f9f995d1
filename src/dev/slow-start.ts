import type { Reporter } from "../events.ts";
import type { Generation } from "./generation.ts";

/** When it is told that a start still runs; the last pause repeats. */
const toldAfterSeconds = [2, 10, 30, 60];
const thenEverySeconds = 60;

/** Tells from time to time that a model is still on its way; returns the way to stop telling. */
export function tellOfSlowStart(
  report: Reporter,
  generation: Pick<Generation, "loading" | "alive" | "dismissed">,
  hasLastGood: () => boolean,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (seconds: number, next: number) => {
    const after = toldAfterSeconds[next] ?? seconds + thenEverySeconds;
    timer = setTimeout(
      () => {
        if (!generation.alive || generation.dismissed) return;
        const what = generation.loading
          ? "load() has been running"
          : "importing and constructing the model has been running";
        const state = hasLastGood() ? "the last good model goes on serving" : "requests wait for it";
        report({ event: "warning", message: `${what} for ${after} s`, hint: `${state}; an edit, or r, starts anew` });
        wait(after, next + 1);
      },
      (after - seconds) * 1000,
    ).unref();
  };
  wait(0, 0);
  return () => clearTimeout(timer);
}
