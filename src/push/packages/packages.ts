import { TrussError } from "../../errors.ts";
import type { Packages, PackagesRequest } from "./types.ts";

/**
 * The outside packages as an image holds them; undefined where everything is in the bundle.
 *
 * @throws TrussError PACKAGE_UNSUITABLE, LOCKFILE_MISSING before anything is made; `read` PACKAGE_INSTALL_FAILED
 */
export async function createPackages({ stage }: PackagesRequest): Promise<Packages | undefined> {
  if (stage.installation === undefined) return undefined;
  throw new TrussError("NOT_AVAILABLE", "Packages outside the bundle cannot be put into an image yet.");
}
