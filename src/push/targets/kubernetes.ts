import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { TrussError, exitCodes } from "../../errors.ts";
import { toYaml } from "../../project/to-yaml.ts";
import { applyManifests } from "../kubernetes/kubectl.ts";
import { type Kind, type Manifest, type ManifestOptions, createManifests, kinds } from "../kubernetes/manifests.ts";
import { isResourceName, resourceName } from "../kubernetes/names.ts";
import { readPodSettings } from "../kubernetes/settings.ts";
import { findWarnings } from "../kubernetes/warnings.ts";
import type { PublishRequest, Published, Target, TargetOption } from "../types.ts";
import { image } from "./image.ts";
import { imageOptions, readImageOptions } from "./image-options.ts";

/** The image's own flags hold here too, but for where else it could go to. */
const imageFlags = imageOptions.filter(({ flags }) => !/^--(?:out|tag|dockerfile)\b/.test(flags));

const options: readonly TargetOption[] = [
  ...imageFlags,
  { flags: "--out <dir>", description: "folder for what is made" },
  { flags: "--kind <kind>", description: "what runs the image", choices: kinds, default: "deployment" },
  { flags: "--name <name>", description: "name of the objects (default: the model's, in lower case)" },
  { flags: "--namespace <name>", description: "namespace of the objects (default: the one that kubectl is set to)" },
  {
    flags: "--min-replicas <count>",
    description: "replicas at least; 0 with knative only",
    parse: parseCount,
    default: 1,
  },
  { flags: "--max-replicas <count>", description: "replicas at most", parse: parseCount, default: 4 },
  {
    flags: "--cpu-target <percent>",
    description: "load of the processors to scale at",
    parse: parseCount,
    default: 70,
  },
  { flags: "--secret <name>", description: "Secret that holds the declared secrets (default: NAME-secrets)" },
  { flags: "--service-account <name>", description: "service account of the pods" },
  { flags: "--pull-secret <name>", description: "Secret that the image is pulled with" },
  { flags: "--node-selector <label=value...>", description: "labels of the nodes that will do" },
  { flags: "--apply", description: "hand the manifests to kubectl" },
  { flags: "--context <name>", description: "kubectl's context for --apply" },
];

/** Manifests for an image in a registry, which they name by its digest. */
export const kubernetes: Target = { name: "kubernetes", options, validate, publish };

async function publish(request: PublishRequest): Promise<Published> {
  const { project, flags, report, dryRun } = request;
  const kind = kindOf(flags);
  const settings = readPodSettings(project);
  const name = textOf(flags["name"]) ?? resourceName(project.config.modelName ?? "");
  const { reference, digest } = await findImage(request);
  const manifestOptions: ManifestOptions = {
    name,
    namespace: textOf(flags["namespace"]),
    image: reference,
    settings,
    secretName: textOf(flags["secret"]) ?? `${name}-secrets`,
    minReplicas: numberOf(flags["minReplicas"]) ?? 1,
    maxReplicas: numberOf(flags["maxReplicas"]) ?? 4,
    cpuTarget: numberOf(flags["cpuTarget"]) ?? 70,
    nodeSelector: readNodeSelector(flags),
    serviceAccount: textOf(flags["serviceAccount"]),
    pullSecret: textOf(flags["pullSecret"]),
  };
  const manifests = createManifests(kind, manifestOptions);
  for (const warning of findWarnings(kind, manifestOptions)) report({ event: "warning", ...warning });
  const text = await toYaml(manifests);
  const out = textOf(flags["out"]);
  const path = out === undefined || dryRun ? undefined : await writeManifests(resolve(out), `${name}.yaml`, text);
  const next = nextSteps(manifestOptions, path);
  if (flags["apply"] === true && !dryRun) await applyManifests(text, request);
  return {
    // Without a folder the manifests are the result: `… | kubectl apply -f -`.
    reference: path ?? text.trimEnd(),
    json: {
      digest,
      image: reference,
      kind,
      name,
      ...(path === undefined ? { manifests: text } : { path }),
      objects: manifests.map((manifest) => `${manifest.kind}/${nameOf(manifest)}`),
    },
    summary: [
      ["Image", reference],
      ["Objects", manifests.map((manifest) => manifest.kind).join(", ")],
      ...(path === undefined ? [] : [["Manifests", path] as const]),
    ],
    next: flags["apply"] === true && !dryRun ? next.filter((line) => !line.startsWith("kubectl apply")) : next,
  };
}

/** Builds and pushes the image, unless one is named that is there already, which only a digest tells for sure. */
async function findImage(request: PublishRequest): Promise<{ readonly reference: string; readonly digest: string }> {
  const named = imageName(request.flags) ?? "";
  const known = /@(sha256:[0-9a-f]{64})$/.exec(named)?.[1];
  if (known !== undefined) return { reference: named, digest: known };
  const { out: _out, ...flags } = request.flags;
  const { json } = await image.publish({ ...request, flags });
  const digest = String(json["digest"]);
  return { reference: `${repositoryOf(named)}@${digest}`, digest };
}

function imageName(flags: Readonly<Record<string, unknown>>): string | undefined {
  return textOf(flags["image"]) ?? textOf(flags["push"]);
}

/** `registry:5000/team/model:1.2` without its tag. */
function repositoryOf(reference: string): string {
  return reference.replace(/:[^:/@]+$/, "");
}

function validate(flags: Readonly<Record<string, unknown>>): void {
  const kind = kindOf(flags);
  const named = imageName(flags);
  if (named === undefined) {
    throw usage("A cluster pulls images from a registry, and none is named.", "give --image registry/name:tag");
  }
  // One that is named by its digest is only named; nothing is built that the other flags could speak of.
  if (!named.includes("@")) readImageOptions(flags);
  for (const flag of ["name", "namespace"]) {
    const name = textOf(flags[flag]);
    if (name === undefined || isResourceName(name)) continue;
    throw usage(`--${flag} ${JSON.stringify(name)} is no name for Kubernetes.`, `such as ${resourceName(name)}`);
  }
  const [least, most] = [numberOf(flags["minReplicas"]) ?? 1, numberOf(flags["maxReplicas"]) ?? 4];
  if (least === 0 && kind !== "knative") {
    throw usage("Only Knative starts a model from zero replicas.", "add --kind knative, or take --min-replicas 1");
  }
  if (most < Math.max(1, least)) {
    throw usage(`--max-replicas ${most} is less than the least, ${Math.max(1, least)}.`, "raise --max-replicas");
  }
  readNodeSelector(flags);
}

function readNodeSelector(flags: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const given: unknown = flags["nodeSelector"];
  const pairs = Array.isArray(given) ? given.map(String) : [];
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, label, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
      if (label !== undefined && value !== undefined) return [label, value];
      throw usage(`--node-selector ${JSON.stringify(pair)} is not of the form label=value.`, "such as disk=ssd");
    }),
  );
}

async function writeManifests(folder: string, file: string, text: string): Promise<string> {
  const path = join(folder, file);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.part`, text);
    await rename(`${path}.part`, path);
    return path;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new TrussError("WRITE_FAILED", `${path} cannot be written (${code}).`, {
      hint: "give a folder that can be written, with --out",
      cause,
    });
  }
}

function nextSteps({ settings, secretName, namespace }: ManifestOptions, path: string | undefined): readonly string[] {
  const scope = namespace === undefined ? "" : ` --namespace ${namespace}`;
  const values = settings.secrets.map((secret) => ` --from-file=${secret}=./${secret}.txt`).join("");
  return [
    ...(values === "" ? [] : [`kubectl create secret generic ${secretName}${scope}${values}`]),
    ...(path === undefined ? [] : [`kubectl apply -f ${path}`]),
  ];
}

function nameOf({ metadata }: Manifest): string {
  return String(metadata["name"]);
}

function kindOf(flags: Readonly<Record<string, unknown>>): Kind {
  return kinds.find((kind) => kind === flags["kind"]) ?? "deployment";
}

function parseCount(value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw usage(`${JSON.stringify(value)} is not a whole number.`, "such as 2");
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function usage(message: string, hint: string): TrussError {
  return new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}
