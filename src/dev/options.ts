import type { Reporter } from "../events.ts";
import type { ListenOptions } from "./listen.ts";

export interface DevOptions extends ListenOptions {
  /** The project's folder, or one below it. */
  readonly dir: string;
  /** Name for `context.environment`. */
  readonly environment: string;
  /** `hot`: edits of methods go under the live instance where that is sound; all others, and `swap`: a new process. */
  readonly reload: "swap" | "hot";
  /** Port for Node's debugger in the model's process; 0: any free one; `any`: 9229, or any free one. */
  readonly inspect?: number | "any";
  readonly report: Reporter;
  /** Milliseconds since the command started. */
  readonly elapsed: () => number;
  /** How long a request may wait for a model. @default 30000 */
  readonly waitMs?: number;
}
