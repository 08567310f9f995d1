import {
  healthCheck,
  imageEntrypoint,
  imageEnvironment,
  imageHome,
  imageLabels,
  imagePort,
  imageUser,
  stopSignal,
} from "../image-settings.ts";
import type { Stage } from "../types.ts";
import { asList, asObject, asStringMap, asStrings } from "./json.ts";
import type { Annotations, BaseImage, ImageConfig, Layer } from "./types.ts";

/** What the config of an image is made of. */
export interface ConfigParts {
  readonly stage: Stage;
  readonly base: BaseImage;
  /** Ours, on top of those of the base. */
  readonly layers: readonly Layer[];
  readonly annotations: Annotations;
  /** As RFC 3339 writes it. */
  readonly created: string;
}

/** How an image is started, and what it is made of. The base's own way of starting is not kept. */
export function createConfig(parts: ConfigParts): ImageConfig {
  const { base, layers, created } = parts;
  const { variant, architecture, os } = base.config;
  const baseRootfs = asObject(base.config["rootfs"]);
  const history = layers.map(({ kind }) => ({
    created,
    created_by: `truss-ts push: ${kind}`,
    comment: describe(kind),
  }));
  return {
    created,
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: createRuntimeConfig(parts),
    rootfs: {
      type: "layers",
      diff_ids: [...asStrings(baseRootfs?.["diff_ids"]), ...layers.map(({ diffId }) => diffId)],
    },
    history: [...asList(base.config["history"]), ...history],
  };
}

function describe(kind: Layer["kind"]): string {
  switch (kind) {
    case "packages":
      return "packages that stay outside the bundle";
    case "data":
      return "data/";
    default:
      return "the model and its server";
  }
}

function createRuntimeConfig({ stage, base, annotations }: ConfigParts): ImageConfig {
  const inherited = asObject(base.config["config"]) ?? {};
  const volumes = asObject(inherited["Volumes"]);
  const second = 1_000_000_000;
  return {
    User: imageUser,
    ExposedPorts: { [`${imagePort}/tcp`]: {} },
    Env: mergeEnvironment(asStrings(inherited["Env"]), stage),
    Entrypoint: imageEntrypoint,
    ...(volumes === undefined ? {} : { Volumes: volumes }),
    WorkingDir: imageHome,
    Labels: sortKeys({ ...asStringMap(inherited["Labels"]), ...imageLabels(stage), ...annotations }),
    StopSignal: stopSignal,
    Healthcheck: {
      Test: ["CMD", ...healthCheck.command],
      Interval: healthCheck.interval * second,
      Timeout: healthCheck.timeout * second,
      StartPeriod: healthCheck.startPeriod * second,
      Retries: healthCheck.retries,
    },
  };
}

/** Where the model listens is for whoever runs it to say, and not for its base or its config.yaml. */
const notOurs: ReadonlySet<string> = new Set(["PORT", "HOSTNAME"]);

function mergeEnvironment(inherited: readonly string[], stage: Stage): readonly string[] {
  const merged = new Map<string, string>();
  for (const line of inherited) merged.set(line.replace(/=.*$/s, ""), line.replace(/^[^=]*=?/, ""));
  const declared = Object.entries(stage.project.config.environmentVariables).sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  for (const [name, value] of [...declared, ...Object.entries(imageEnvironment)]) merged.set(name, value);
  return [...merged].filter(([name]) => !notOurs.has(name)).map(([name, value]) => `${name}=${value}`);
}

export function sortKeys(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).sort(([one], [other]) => (one < other ? -1 : 1)));
}
