import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TrussError, exitCodes } from "../../errors.ts";
import { exec } from "../../lib/exec.ts";
import type { Stage } from "../types.ts";
import { asString, parseObject } from "./json.ts";
import type { Annotations, Base } from "./types.ts";

const prefix = "org.opencontainers.image";

/**
 * What an image says of where it is from, in the OCI's own words. Nothing in it differs between two builds of the same
 * project, unless a revision was asked for.
 */
export function createAnnotations(
  stage: Stage,
  base: Base,
  created: string,
  revision: string | undefined,
): Annotations {
  const { name, version } = readPackage(stage.project.root);
  const title = stage.project.config.modelName ?? name;
  return {
    ...(base.digest === undefined ? {} : { [`${prefix}.base.digest`]: base.digest }),
    // A folder of this machine would say nothing to anybody else.
    ...(base.portable ? { [`${prefix}.base.name`]: base.name } : {}),
    [`${prefix}.created`]: created,
    ...(revision === undefined ? {} : { [`${prefix}.revision`]: revision }),
    ...(title === undefined ? {} : { [`${prefix}.title`]: title }),
    ...(version === undefined ? {} : { [`${prefix}.version`]: version }),
  };
}

/** The beginning of time, or what SOURCE_DATE_EPOCH says, in the form of RFC 3339. */
export function readCreated(env: NodeJS.ProcessEnv = process.env): string {
  const text = env["SOURCE_DATE_EPOCH"] ?? "";
  const date = new Date(Number(text === "" ? 0 : text) * 1000);
  if (/^\d*$/.test(text) && !Number.isNaN(date.getTime())) return date.toISOString().replace(".000Z", "Z");
  throw new TrussError("USAGE", `SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, which is no number of seconds.`, {
    exitCode: exitCodes.usage,
  });
}

/** `true` asks git for the commit of the project's folder. */
export async function readRevision(asked: string | boolean, root: string): Promise<string | undefined> {
  if (typeof asked === "string") return asked;
  if (!asked) return undefined;
  const result = await exec({ program: "git", args: ["rev-parse", "HEAD"], cwd: root, timeout: 10_000 });
  const commit = result.how === "done" ? result.stdout.trim() : "";
  if (/^[0-9a-f]{40,64}$/.test(commit)) return commit;
  throw new TrussError("USAGE", "git knows no commit of this project.", {
    hint: "commit it first, or name the revision: --revision NAME",
    exitCode: exitCodes.usage,
  });
}

function readPackage(root: string): { readonly name?: string | undefined; readonly version?: string | undefined } {
  try {
    const { name, version } = parseObject(readFileSync(join(root, "package.json"))) ?? {};
    return { name: asString(name), version: asString(version) };
  } catch {
    return {};
  }
}
