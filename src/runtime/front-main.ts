import { isTrussError } from "../errors.ts";
import type { EndpointReport, JsonEvent } from "../events.ts";
import { serverUrl } from "../lib/url.ts";
import { type Front, type FrontOptions, startFront } from "./front.ts";
import { readSettings } from "./settings.ts";

/** Runs the process that owns the port until a signal ends it, and sets the exit code. stdout gets a JSON line for each event. */
export async function runFront(options: Omit<FrontOptions, "onReady">): Promise<void> {
  const signals = hearSignals(readSettings(options.start.config).drainTimeoutMs);
  try {
    const front = await startFront({
      ...options,
      onReady: ({ port, endpoints }) => print(readyEvent(options.host, port, endpoints)),
    });
    signals.obey(front);
    process.exitCode = await front.ended;
    print({ event: "stopped" });
  } catch (error) {
    if (!isTrussError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

/** The first signal drains, the second ends at once. Heard from the start: a container's first process has no default. */
function hearSignals(drainTimeoutMs: number) {
  let front: Front | undefined;
  let count = 0;
  const obey = () => {
    if (count === 1) front?.drain(drainTimeoutMs);
    else if (count > 1) front?.kill();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      count += 1;
      obey();
    });
  }
  return {
    obey(started: Front) {
      front = started;
      obey();
    },
  };
}

function readyEvent(host: string, port: number, endpoints: readonly EndpointReport[]): JsonEvent {
  return { event: "ready", url: serverUrl(host, port), endpoints, ms: Math.round(performance.now()) };
}

function print(event: JsonEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
