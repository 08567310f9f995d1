import type { Reporter } from "../events.ts";
import { Generation } from "./generation.ts";
import type { Launch } from "./model-process.ts";

/** Keeps one model process ready ahead of time: booted, the runtime and the project's packages loaded. */
export interface SparePool {
  /** The spare where it fits, else a process that is launched now. */
  take(launch: Launch): Promise<Generation>;
  /** Sees to it that there is a spare for next time. */
  prepare(launch: Launch, packages: readonly string[]): void;
  close(): Promise<void>;
}

export function createSparePool(report: Reporter): SparePool {
  let spare: { key: string; generation: Promise<Generation> } | undefined;
  let closed = false;

  const discard = async () => {
    const old = spare;
    spare = undefined;
    await old?.generation.then((generation) => generation.kill());
  };

  return {
    async take(launch) {
      if (spare?.key === keyOf(launch)) {
        const { generation } = spare;
        spare = undefined;
        const found = await generation;
        if (found.alive) return found;
      } else {
        void discard();
      }
      return Generation.launch(launch, report);
    },
    prepare(launch, packages) {
      if (closed) return;
      if (spare?.key !== keyOf(launch)) {
        void discard();
        spare = { key: keyOf(launch), generation: Generation.launch(launch, report) };
      }
      void spare.generation.then((generation) => generation.preload(packages));
    },
    async close() {
      closed = true;
      await discard();
    },
  };
}

function keyOf({ childFile, root, env, nodeOptions, edition }: Launch): string {
  const sorted = Object.entries(env).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([childFile, root, sorted, nodeOptions, edition]);
}
