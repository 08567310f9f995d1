import type { EndpointReport } from "../events.ts";
import type { RemoteError } from "../runtime/channel.ts";
import type { Generation } from "./generation.ts";
import type { Plan } from "./workshop.ts";

/** What came of an attempt to serve what is on disk. */
export type Brought =
  | { readonly kind: "serving"; readonly endpoints: readonly EndpointReport[] }
  | { readonly kind: "failed"; readonly error: RemoteError }
  /** A newer one came first, or all is over. */
  | { readonly kind: "superseded" };

/** The last good model and the process that serves it. */
export interface Reign {
  id: number;
  plan: Plan;
  readonly generation: Generation;
  /** Lets go of what it takes to start it again. */
  letGo: () => Promise<void>;
  /** Names that patches have added to the bundle's scope. */
  readonly added: Set<string>;
}
