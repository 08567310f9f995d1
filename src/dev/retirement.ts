import type { Generation } from "./generation.ts";

/** How long an old generation may go on with what it has begun: streams and sockets may be long. */
const boundMs = 10 * 60_000;
const drainMs = 10_000;
/** Beyond this many old generations the oldest is told to hurry. */
const limit = 3;

/** The generations that serve nothing new. */
export class Retirement {
  readonly #all = new Set<Generation>();
  /** Those that may finish what they are busy with until the next edit. */
  readonly #busy = new Set<Generation>();

  get all(): readonly Generation[] {
    return [...this.#all];
  }

  /**
   * Lets what was begun there end, then drains it.
   *
   * @param patient it is known to be busy, and may go on with that
   */
  async add(generation: Generation, patient = false): Promise<void> {
    this.#all.add(generation);
    if (patient) this.#busy.add(generation);
    const [oldest] = this.#all;
    if (this.#all.size > limit) void oldest?.drain(drainMs);
    await generation.retire({ boundMs, drainMs, patient });
    this.#all.delete(generation);
    this.#busy.delete(generation);
  }

  /** An edit has come: those that are still busy have had their time. */
  hurryBusy(): void {
    for (const generation of this.#busy) void generation.drain(drainMs);
  }
}
