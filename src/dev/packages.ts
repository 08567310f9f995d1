import { setTimeout as delay } from "node:timers/promises";

/** Follows which state the installed and linked packages are in. */
export interface Packages {
  /** Counts their states: a process that has loaded packages in an older one is of no use any more. */
  readonly edition: number;
  /** These files tell of a change of packages. */
  learn(files: readonly string[]): void;
  /** Files have changed. Resolves when there is no reason to wait for more: an installation writes many. */
  notice(changed: readonly string[]): Promise<void>;
  /** Takes it that everything may have changed. */
  renew(): void;
}

/** An installation counts as over when nothing of it was seen for this long; what follows is seen anyhow. */
const installQuietMs = 150;

export function createPackages(): Packages {
  const known = new Set<string>();
  let edition = 0;
  return {
    get edition() {
      return edition;
    },
    learn(files) {
      for (const file of files) known.add(file);
    },
    async notice(changed) {
      const own = changed.filter((file) => known.has(file));
      if (own.length === 0) return;
      edition += 1;
      if (own.length === changed.length && own.some((file) => file.includes("node_modules")))
        await delay(installQuietMs);
    },
    renew() {
      edition += 1;
    },
  };
}
