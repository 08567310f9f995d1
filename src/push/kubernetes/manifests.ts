import { imagePort } from "../image-settings.ts";
import { labelValue } from "./names.ts";
import { type PodOptions, createContainer, createVolumes, graceSeconds } from "./pod.ts";
import type { PodSettings } from "./settings.ts";

export const kinds = ["deployment", "knative", "kserve"] as const;
export type Kind = (typeof kinds)[number];

export interface ManifestOptions {
  readonly name: string;
  readonly namespace?: string | undefined;
  /** By its digest. */
  readonly image: string;
  readonly settings: PodSettings;
  readonly secretName: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Of the processors asked for, in percent. */
  readonly cpuTarget: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly serviceAccount?: string | undefined;
  readonly pullSecret?: string | undefined;
}

/** One object as Kubernetes takes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The time that Knative gives a request unless its operator allows more, and after which it ends a pod that drains. */
export const knativeLongest = 600;

/** All objects of one way to run, in the order in which they are made. */
export function createManifests(kind: Kind, options: ManifestOptions): readonly Manifest[] {
  switch (kind) {
    case "deployment":
      return [createDeployment(options), createService(options), createScaler(options), createBudget(options)];
    case "knative":
      return [createKnativeService(options)];
    case "kserve":
      return [createInferenceService(options)];
  }
}

function createDeployment(options: ManifestOptions): Manifest {
  const { name, settings } = options;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: createMetadata(options),
    spec: {
      // No number of replicas: an apply would undo what the HorizontalPodAutoscaler has set.
      selector: { matchLabels: selectorOf(name) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      progressDeadlineSeconds: settings.startupSeconds + 60,
      template: {
        metadata: { labels: labelsOf(options), ...annotationsOf(options) },
        spec: {
          ...createPodSpec(options, "model"),
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: selectorOf(name) },
            },
          ],
        },
      },
    },
  };
}

/** What a Deployment and an InferenceService of KServe say alike. */
function createPodSpec(options: ManifestOptions, containerName: string) {
  const { settings, serviceAccount, pullSecret, nodeSelector } = options;
  const pod: PodOptions = { ...options, containerName, preStop: true };
  return {
    terminationGracePeriodSeconds: graceSeconds(settings),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    containers: [createContainer(pod)],
    volumes: createVolumes(pod),
  };
}

function createService(options: ManifestOptions): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: createMetadata(options),
    spec: {
      type: "ClusterIP",
      selector: selectorOf(options.name),
      ports: [{ name: "http", port: 80, targetPort: imagePort, protocol: "TCP" }],
    },
  };
}

function createScaler(options: ManifestOptions): Manifest {
  const { name, minReplicas, maxReplicas, cpuTarget } = options;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: createMetadata(options),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas,
      maxReplicas,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpuTarget } } },
      ],
      // A model that takes minutes to load is not thrown away for a quiet minute.
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
}

/** At most one pod at a time may be taken away on purpose; a minimum that must stay would forbid that with one replica. */
function createBudget(options: ManifestOptions): Manifest {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: createMetadata(options),
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(options.name) } },
  };
}

/** Knative takes a few of a pod's fields only: draining, the grace period and traffic are its own. */
function createKnativeService(options: ManifestOptions): Manifest {
  const { settings, minReplicas, maxReplicas, serviceAccount, pullSecret, nodeSelector } = options;
  const pod: PodOptions = { ...options, containerName: "model", preStop: false };
  const scale = {
    "autoscaling.knative.dev/min-scale": String(minReplicas),
    "autoscaling.knative.dev/max-scale": String(maxReplicas),
    // Its own default is 10 minutes, after which a start that goes on counts as failed.
    "serving.knative.dev/progress-deadline": `${settings.startupSeconds + 60}s`,
  };
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: createMetadata(options),
    spec: {
      template: {
        metadata: { labels: labelsOf(options), annotations: { ...annotationsOf(options).annotations, ...scale } },
        spec: {
          ...(settings.concurrency === undefined ? {} : { containerConcurrency: settings.concurrency }),
          timeoutSeconds: Math.min(settings.drainSeconds, knativeLongest),
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
          ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
          ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
          containers: [createContainer(pod)],
          volumes: createVolumes(pod),
        },
      },
    },
  };
}

/** As a plain deployment of KServe's, which takes a pod as it is; to scale to zero there is Knative. */
function createInferenceService(options: ManifestOptions): Manifest {
  const { settings, minReplicas, maxReplicas, cpuTarget } = options;
  const metadata = createMetadata(options);
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { ...metadata, annotations: { "serving.kserve.io/deploymentMode": "RawDeployment" } },
    spec: {
      predictor: {
        minReplicas,
        maxReplicas,
        scaleMetric: "cpu",
        scaleTarget: cpuTarget,
        ...(settings.concurrency === undefined ? {} : { containerConcurrency: settings.concurrency }),
        timeout: settings.drainSeconds,
        ...annotationsOf(options),
        ...createPodSpec(options, "kserve-container"),
      },
    },
  };
}

function createMetadata(options: ManifestOptions) {
  const { name, namespace } = options;
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: labelsOf(options) };
}

function selectorOf(name: string) {
  return { "app.kubernetes.io/name": name };
}

/** The version is the image's, so that a look at the pods tells which one runs. */
function labelsOf({ name, image }: ManifestOptions) {
  const version = labelValue(image.split("@sha256:").at(-1)?.slice(0, 12) ?? "");
  return {
    ...selectorOf(name),
    ...(version === undefined ? {} : { "app.kubernetes.io/version": version }),
    "app.kubernetes.io/managed-by": "truss-ts",
  };
}

/** Clusters name their processors' kinds each in their own way: ours is told, and `--node-selector` asks for theirs. */
function annotationsOf({ settings }: ManifestOptions): { readonly annotations?: Readonly<Record<string, string>> } {
  const { accelerator } = settings;
  if (accelerator === undefined) return {};
  return { annotations: { "truss-ts.dev/accelerator": `${accelerator.type}:${accelerator.count}` } };
}
