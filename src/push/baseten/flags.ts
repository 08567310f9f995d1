import { TrussError, exitCodes } from "../../errors.ts";
import type { TargetOption } from "../types.ts";

/** The target's flags by commander's names. */
export interface BasetenFlags {
  readonly environment?: string;
  readonly promote?: true;
  readonly preservePreviousProductionDeployment?: true;
  readonly deploymentName?: string;
  readonly modelName?: string;
  readonly labels?: Readonly<Record<string, unknown>>;
  readonly team?: string;
  readonly develop?: true;
  readonly offline?: true;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly timeoutSeconds?: number;
  readonly tail?: true;
  /** False with `--no-cache`. */
  readonly cache?: false;
  readonly deployTimeoutMinutes?: number;
  readonly preserveEnvInstanceType?: boolean;
  readonly disableTrussDownload?: true;
  readonly remote?: string;
}

export const options: readonly TargetOption[] = [
  { flags: "--environment <name>", description: "deploy into this environment", parse: requireText("--environment") },
  { flags: "--promote", description: "deploy into production" },
  {
    flags: "--preserve-previous-production-deployment",
    description: "with --promote: leave the deployment that was in production as it is scaled (waits, then promotes)",
  },
  { flags: "--deployment-name <name>", description: "a name for the deployment", parse: readDeploymentName },
  {
    flags: "--model-name <name>",
    description: "instead of config.yaml's, this once",
    parse: requireText("--model-name"),
  },
  { flags: "--labels <json>", description: "a JSON object to put on the deployment", parse: readLabels },
  {
    flags: "--team <team>",
    description: "the team that the model belongs to: id or name",
    parse: requireText("--team"),
  },
  { flags: "--develop", description: "replace the model's one development deployment" },
  { flags: "--offline", description: "with --dry-run: do not ask Baseten either" },
  { flags: "--wait", description: "wait until the deployment answers" },
  { flags: "--no-wait", description: "do not wait, which is the default" },
  {
    flags: "--timeout-seconds <seconds>",
    description: "with --wait: how long at most",
    parse: (text) => readWhole("--timeout-seconds", text, 1, 1_000_000),
  },
  { flags: "--tail", description: "show the deployment's log as it grows" },
  { flags: "--no-cache", description: "build the image without Baseten's build cache" },
  {
    flags: "--deploy-timeout-minutes <minutes>",
    description: "how long Baseten may take to deploy, 10 to 1440",
    parse: (text) => readWhole("--deploy-timeout-minutes", text, 10, 1440),
  },
  {
    flags: "--preserve-env-instance-type",
    description: "keep the instance type of the environment, which is the default",
  },
  { flags: "--no-preserve-env-instance-type", description: "give the environment the instance type of config.yaml" },
  { flags: "--disable-truss-download", description: "a new model's archive cannot be downloaded from Baseten" },
  { flags: "--remote <name>", description: "which of several logins to use", parse: requireText("--remote") },
  { flags: "--publish", description: "accepted for Truss's scripts; it is the default" },
  { flags: "--trusted", description: "accepted for Truss's scripts; does nothing" },
];

/** Refuses what cannot go together, before anything is built. */
export function validate(flags: BasetenFlags): void {
  if (flags.promote === true && flags.environment !== undefined) {
    throw usage("--promote means --environment production, so only one of the two can be given.");
  }
  if (flags.offline === true && flags.dryRun !== true) {
    throw usage("--offline is only for --dry-run: a deployment cannot do without Baseten.");
  }
  if (flags.preservePreviousProductionDeployment === true) requirePromotion(flags);
  if (flags.develop !== true) return;
  const foreign = [
    ["--promote", flags.promote],
    ["--environment", flags.environment],
    ["--deployment-name", flags.deploymentName],
    ["--preserve-env-instance-type", flags.preserveEnvInstanceType],
  ] as const;
  const first = foreign.find(([, value]) => value !== undefined);
  if (first !== undefined) throw usage(`${first[0]} is not for a development deployment: leave it or --develop out.`);
}

function requirePromotion({ promote, wait }: BasetenFlags): void {
  if (promote !== true) throw usage("--preserve-previous-production-deployment is only for --promote.");
  if (wait === false) {
    throw usage("--preserve-previous-production-deployment promotes what answers, and so cannot go with --no-wait.");
  }
}

function requireText(flag: string) {
  return (text: string): string => {
    if (text.trim() !== "") return text;
    throw usage(`${flag} is empty.`);
  };
}

function readDeploymentName(text: string): string {
  if (/^[\w.-]+$/.test(text)) return text;
  throw usage("--deployment-name takes letters, digits, dots, hyphens and underscores.");
}

function readLabels(text: string): unknown {
  const hint = `such as --labels '{"team":"search"}'`;
  try {
    const labels: unknown = JSON.parse(text);
    if (typeof labels === "object" && labels !== null && !Array.isArray(labels)) return labels;
  } catch {
    throw usage("--labels is not JSON.", hint);
  }
  throw usage("--labels takes a JSON object.", hint);
}

function readWhole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usage(`${flag} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`);
}

function usage(message: string, hint?: string): TrussError {
  return new TrussError("USAGE", message, { exitCode: exitCodes.usage, ...(hint === undefined ? {} : { hint }) });
}
