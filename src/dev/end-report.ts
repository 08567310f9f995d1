import type { Reporter } from "../events.ts";
import type { RemoteError } from "../runtime/channel.ts";

/** One end of the serving process, and what follows. */
export interface End {
  readonly how: string;
  readonly crash: RemoteError | undefined;
  /** Until it is started again. */
  readonly waitMs: number;
  /** How many there were in a row. */
  readonly times: number;
}

/** Reports ends, and which of them say nothing new. */
export function createEndReport(report: Reporter): (end: End) => void {
  let last = "";
  return ({ how, crash, waitMs, times }) => {
    const { code: _code, ...words } = crash ?? { code: "MODEL_EXITED" };
    const told = JSON.stringify([how, words]);
    const repeated = times > 1 && told === last;
    last = told;
    report({ event: "model_exited", how, ...words, restart_in_ms: waitMs, times, repeated });
  };
}
