/** How a model process ended, as Node tells it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What the process that outlives it knows of it. */
export interface Circumstances {
  readonly state: "loading" | "ready" | "draining";
  /** The model process has logged why it ends. */
  readonly told: boolean;
  /** This side killed it, as the time to drain was over or somebody asked to end at once. */
  readonly killed: "overdue" | "asked" | undefined;
}

/** One line for an end that nobody has explained yet; `undefined` where there is nothing to say. */
export function explainEnd({ code, signal }: ProcessEnd, { state, told, killed }: Circumstances): string | undefined {
  if (killed === "overdue") return "the model's process was killed: it has not ended in the time to drain";
  if (killed === "asked" || told || (state === "draining" && code === 0)) return undefined;
  const where = state === "loading" ? " while the model was loading" : "";
  if (signal === "SIGKILL") return `the model's process was killed (SIGKILL)${where}, perhaps for lack of memory`;
  if (signal !== null) return `the model's process was ended by ${signal}${where}`;
  return `the model's process ended by itself with exit code ${code}${where}`;
}
