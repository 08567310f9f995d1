import { type Kind, type ManifestOptions, knativeLongest } from "./manifests.ts";
import { graceSeconds } from "./pod.ts";

export interface KubernetesWarning {
  readonly message: string;
  readonly hint: string;
}

/** What the manifests cannot see to by themselves. */
export function findWarnings(kind: Kind, { settings, nodeSelector }: ManifestOptions): KubernetesWarning[] {
  const warnings: KubernetesWarning[] = [];
  if (kind === "knative" && settings.drainSeconds > knativeLongest) {
    warnings.push({
      message: `Knative ends requests and drains after ${knativeLongest} s; the drain timeout is ${settings.drainSeconds} s`,
      hint: "its operator can raise max-revision-timeout-seconds; timeoutSeconds in the manifest may then be raised too",
    });
  }
  if (settings.accelerator !== undefined && Object.keys(nodeSelector).length === 0) {
    warnings.push({
      message: `any node with ${settings.accelerator.count} GPU will do: which of them have ${settings.accelerator.type} is for the cluster's labels to tell`,
      hint: "name them, such as --node-selector nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3",
    });
  }
  if (kind !== "knative" && graceSeconds(settings) > longGrace) {
    warnings.push({
      message: `a pod may take ${graceSeconds(settings)} s to end, since running work is let finish`,
      hint: "set runtime.drain_timeout in config.yaml to what your longest answer takes",
    });
  }
  return warnings;
}

/** Cluster autoscalers wait about so long before they take a node away from a pod that does not end. Seconds. */
const longGrace = 600;
