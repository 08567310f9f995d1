import type { Reporter } from "../events.ts";

const everyMs = 1_000;

/**
 * Tells once a second what is still running and how long it may; returns the way to stop telling.
 *
 * @param inFlight counts what is running
 */
export function startCountdown(report: Reporter, totalMs: number, inFlight: () => number): () => void {
  const until = performance.now() + totalMs;
  const tell = () => {
    const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    report({ event: "draining", in_flight: inFlight(), seconds_left: left });
  };
  tell();
  const timer = setInterval(tell, everyMs);
  return () => clearInterval(timer);
}
