import { statSync } from "node:fs";
import { basename } from "node:path";

/** What tells one state of a file from another; `undefined` for a file that is not there. */
type Stamp = string | undefined;

/** File clocks move in steps; a write just after a moment may carry a time just before it. */
const clockStepMs = 20;
/** A stamp that no file has: the next look finds a change. */
const stale = "stale";

/** Remembers what each file was when it was last looked at, so that no change goes by, whatever events were lost. */
export class Stamps {
  readonly #known = new Map<string, Stamp>();

  /** Known files that were not there when they were last looked at. */
  missing(): string[] {
    return [...this.#known].filter(([, stamp]) => stamp === undefined).map(([file]) => file);
  }

  /** Remembers a file as it is now. One that was written after `since` counts as changed (milliseconds, epoch). */
  learn(file: string, since = Number.POSITIVE_INFINITY): boolean {
    if (this.#known.has(file)) return false;
    const written = changeTime(file) >= since - clockStepMs;
    this.#known.set(file, written ? stale : readStamp(file));
    return written;
  }

  /** The known files that are not what they were, without forgetting what they were. */
  changed(others: Iterable<string> = []): string[] {
    const found = [...this.#known.keys()].filter((file) => readStamp(file) !== this.#known.get(file));
    for (const file of others) if (!this.#known.has(file) && readStamp(file) !== undefined) found.push(file);
    return found;
  }

  /** The same, of the files of one name. */
  changedOf(name: string): string[] {
    const named = [...this.#known].filter(([file]) => basename(file) === name);
    return named.filter(([file, stamp]) => readStamp(file) !== stamp).map(([file]) => file);
  }

  /** Takes files as they are now for known. */
  accept(files: Iterable<string>): void {
    for (const file of files) this.#known.set(file, readStamp(file));
  }

  /** Whether a file looks like the middle of a save: gone or empty for the moment. */
  isHalfWritten(file: string): boolean {
    const now = readStamp(file);
    return now === undefined || now.endsWith(":0");
  }
}

/** The change time cannot be set from outside, so a file that was swapped for an older one shows as well. */
function readStamp(file: string): Stamp {
  const found = stat(file);
  return found === undefined ? undefined : `${found.ctimeNs}:${found.ino}:${found.size}`;
}

function changeTime(file: string): number {
  const found = stat(file);
  return found === undefined ? Number.NEGATIVE_INFINITY : Number(found.ctimeMs);
}

function stat(file: string) {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
