import { cpus, totalmem } from "node:os";

/** The machine in one line, without a name for it. */
export function describeMachine() {
  const cores = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = cores[0]?.model.replaceAll(/\s+/g, " ").trim() || "unknown processor";
  return `${cores.length} cores (${model}), ${memory} GiB of memory, ${process.platform} ${process.arch}, Node ${process.version}`;
}
