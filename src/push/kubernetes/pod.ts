import { livePath, readyPath } from "../../runtime/paths.ts";
import { imagePort, imageUser } from "../image-settings.ts";
import type { PodSettings } from "./settings.ts";

/** Between a pod's end being told and traffic really going elsewhere. Seconds. */
export const preStopSeconds = 10;
/** What the runtime takes beyond the drain timeout, for the model's `close()` among others. Seconds. */
const closeSeconds = 10;

export interface PodOptions {
  /** By its digest. */
  readonly image: string;
  readonly settings: PodSettings;
  readonly secretName: string;
  /** Knative names the protocol so, KServe wants its container called so. */
  readonly containerName: string;
  /** Knative drains by itself and takes no hook. */
  readonly preStop: boolean;
}

/** How long the platform must wait before it kills a pod that drains. */
export function graceSeconds({ drainSeconds }: PodSettings): number {
  return preStopSeconds + drainSeconds + closeSeconds;
}

/** The one container: not root, nothing writable but `/tmp`. */
export function createContainer(options: PodOptions) {
  const { image, settings, containerName } = options;
  const env = Object.entries(settings.variables).map(([name, value]) => ({ name, value }));
  return {
    name: containerName,
    image,
    ports: [{ name: "http1", containerPort: imagePort, protocol: "TCP" }],
    ...(env.length === 0 ? {} : { env }),
    resources: createResources(settings),
    ...createProbes(settings),
    ...(options.preStop ? { lifecycle: { preStop: { exec: { command: ["node", "-e", wait] } } } } : {}),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: Number(imageUser.split(":")[0]),
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      ...(settings.secrets.length === 0 ? [] : [{ name: "secrets", mountPath: "/secrets", readOnly: true }]),
    ],
  };
}

/** Not every image has `sleep`, and every one of ours has node. */
const wait = `setTimeout(() => {}, ${preStopSeconds * 1000})`;

export function createVolumes({ settings, secretName }: PodOptions) {
  const items = settings.secrets.map((name) => ({ key: name, path: name }));
  return [
    { name: "tmp", emptyDir: {} },
    ...(items.length === 0 ? [] : [{ name: "secrets", secret: { secretName, items } }]),
  ];
}

/** Memory is bounded at what is asked for; a bound on processors would only slow down what could have them. */
function createResources({ cpu, memory, accelerator }: PodSettings) {
  const gpu = accelerator === undefined ? {} : { "nvidia.com/gpu": accelerator.count };
  return { requests: { cpu, memory, ...gpu }, limits: { memory, ...gpu } };
}

/** The startup probe holds the other two back until `load()` has ended. */
function createProbes({ startupSeconds, stopTrafficSeconds, restartSeconds }: PodSettings) {
  return {
    startupProbe: createProbe(readyPath, 5, startupSeconds),
    readinessProbe: createProbe(readyPath, 5, stopTrafficSeconds),
    livenessProbe: createProbe(livePath, 10, restartSeconds),
  };
}

function createProbe(path: string, periodSeconds: number, seconds: number) {
  return {
    httpGet: { path, port: imagePort },
    periodSeconds,
    timeoutSeconds: 5,
    failureThreshold: Math.max(1, Math.ceil(seconds / periodSeconds)),
  };
}
