import { TrussError } from "../../errors.ts";
import type { PackageTarget } from "./target.ts";
import type { Packages, PackagesRequest } from "./types.ts";
export async function tracePackages(_r: PackagesRequest, _t: PackageTarget): Promise<Packages> { throw new TrussError("NOT_AVAILABLE", "soon"); }
