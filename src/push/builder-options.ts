import { TrussError, exitCodes } from "../errors.ts";
import { type BuilderName, builderNames } from "./builder-tools.ts";
import type { TargetOption } from "./types.ts";

/** The image target's flags that a builder answers. */
export const builderOptions: readonly TargetOption[] = [
  {
    flags: "--builder <name>",
    description: "let a container engine build it from a Dockerfile, and compile what must be (auto: the first found)",
    choices: builderNames,
  },
  { flags: "--builder-base <ref>", description: "image that packages are compiled in (default: --base without -slim)" },
  {
    flags: "--dockerfile [dir]",
    description: "write the Dockerfile and all that it copies, to read and edit; with --builder, build from there",
  },
];

export interface BuilderOptions {
  readonly builder: BuilderName | undefined;
  readonly builderBase: string | undefined;
  /** Folder that the Dockerfile and its context are written to, as it was given. */
  readonly dockerfile: string | undefined;
}

const defaultFolder = "image-context";

/** @throws TrussError USAGE for flags that exclude each other */
export function readBuilderOptions(flags: Readonly<Record<string, unknown>>): BuilderOptions {
  const builder = builderNames.find((name) => name === flags["builder"]);
  const { dockerfile, builderBase } = flags;
  const folder = dockerfile === true ? defaultFolder : dockerfile;
  const options = {
    builder,
    builderBase: typeof builderBase === "string" ? builderBase : undefined,
    dockerfile: typeof folder === "string" ? folder : undefined,
  };
  if (builder === undefined && options.dockerfile === undefined) return options;
  if (flags["packages"] === "trace") {
    throw usage(
      "--packages trace copies what is installed here, and a Dockerfile installs anew.",
      "leave one of them away",
    );
  }
  if (String(flags["platform"] ?? "").includes(",")) {
    throw usage("A container engine builds for one platform at a time.", "give one --platform");
  }
  return options;
}

function usage(message: string, hint: string): TrussError {
  return new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}
