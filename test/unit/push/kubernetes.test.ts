import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Service } from "kubernetes-models/v1/Service";
import { Service as KnativeService } from "@kubernetes-models/knative/serving.knative.dev/v1/Service";
import { parseAllDocuments } from "yaml";
import { describe, expect, it } from "vitest";
import { toYaml } from "../../../src/project/to-yaml.ts";
import { type Manifest, createManifests } from "../../../src/push/kubernetes/manifests.ts";
import { isResourceName, labelValue, resourceName } from "../../../src/push/kubernetes/names.ts";
import { findWarnings } from "../../../src/push/kubernetes/warnings.ts";
import { createOptions, fullSettings, plainSettings } from "../../fixtures/kubernetes-options.ts";

type Schema = new (data: never) => { validate(): void };

const schemas: Readonly<Record<string, Schema>> = {
  "apps/v1 Deployment": Deployment as Schema,
  "v1 Service": Service as Schema,
  "autoscaling/v2 HorizontalPodAutoscaler": HorizontalPodAutoscaler as Schema,
  "policy/v1 PodDisruptionBudget": PodDisruptionBudget as Schema,
  "serving.knative.dev/v1 Service": KnativeService as Schema,
};

function validate(manifest: Manifest): void {
  const name = `${manifest.apiVersion} ${manifest.kind}`;
  const Schema = schemas[name];
  if (Schema === undefined) throw new Error(`no schema for ${name}`);
  new Schema(structuredClone(manifest) as never).validate();
}

const settings = { full: fullSettings, plain: plainSettings };

describe.each(Object.entries(settings))("manifests of a config that is %s", (_name, given) => {
  it.each(["deployment", "knative"] as const)("of kind %s pass the schemas", (kind) => {
    const manifests = createManifests(kind, createOptions(given));
    for (const manifest of manifests) validate(manifest);
    expect(manifests.map((manifest) => manifest.kind)).toEqual(
      kind === "knative" ? ["Service"] : ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"],
    );
  });

  it("of KServe are a pod that passes, and own keys of the right types", () => {
    const [manifest] = createManifests("kserve", createOptions(given));
    const predictor = manifest?.spec["predictor"] as Record<string, unknown>;
    const { minReplicas, maxReplicas, scaleMetric, scaleTarget, containerConcurrency, timeout, annotations, ...pod } =
      predictor;
    validate({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "pod" },
      spec: { selector: {}, template: { spec: pod } },
    });
    expect([minReplicas, maxReplicas, scaleMetric, scaleTarget]).toEqual([1, 4, "cpu", 70]);
    expect([containerConcurrency, timeout]).toEqual([given.concurrency, given.drainSeconds]);
    expect(annotations).toEqual(given === fullSettings ? { "truss-ts.dev/accelerator": "H100:2" } : undefined);
    expect(manifest?.metadata["annotations"]).toEqual({ "serving.kserve.io/deploymentMode": "RawDeployment" });
  });

  it("are the same after being written and read as YAML, by readers of 1.1 too", async () => {
    const manifests = createManifests("deployment", createOptions(given));
    const text = await toYaml(manifests);
    for (const version of ["1.1", "1.2"] as const) {
      expect(parseAllDocuments(text, { version }).map((document) => document.toJS())).toEqual(manifests);
    }
  });
});

describe("the schemas that the manifests pass", () => {
  it("refuse what is not right", () => {
    const [deployment] = createManifests("deployment", createOptions(plainSettings));
    const broken = structuredClone(deployment) as unknown as { spec: { progressDeadlineSeconds: unknown } };
    broken.spec.progressDeadlineSeconds = "soon";
    expect(() => validate(broken as unknown as Manifest)).toThrow("progressDeadlineSeconds must be integer");
  });
});

/** The one container and the pod around it, wherever a kind has them. */
function podOf(kind: "deployment" | "knative" | "kserve", given = fullSettings) {
  const [first] = createManifests(kind, createOptions(given));
  const spec = first?.spec as never as {
    predictor: never;
    template: { spec: never };
  };
  const pod = (kind === "kserve" ? spec.predictor : spec.template.spec) as {
    containers: Record<string, never>[];
    volumes: unknown[];
    terminationGracePeriodSeconds?: number;
    timeoutSeconds?: number;
    containerConcurrency?: number;
  };
  return { pod, container: pod.containers[0] as Record<string, unknown> };
}

describe("a pod", () => {
  it.each(["deployment", "kserve"] as const)("of kind %s outlives its drain, after traffic has gone", (kind) => {
    const { pod, container } = podOf(kind);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(fullSettings.drainSeconds + 10);
    expect(container["lifecycle"]).toEqual({
      preStop: { exec: { command: ["node", "-e", "setTimeout(() => {}, 10000)"] } },
    });
  });

  it("of Knative has none of the fields that Knative refuses", () => {
    const { pod, container } = podOf("knative");
    expect(Object.keys(container)).not.toContain("lifecycle");
    expect(Object.keys(pod).toSorted()).toEqual(
      [
        "automountServiceAccountToken",
        "containerConcurrency",
        "containers",
        "enableServiceLinks",
        "imagePullSecrets",
        "nodeSelector",
        "serviceAccountName",
        "timeoutSeconds",
        "volumes",
      ].toSorted(),
    );
    expect(pod.timeoutSeconds).toBe(300);
    expect(podOf("knative", plainSettings).pod.timeoutSeconds).toBe(600);
    expect(pod.containerConcurrency).toBe(8);
    expect(podOf("knative", plainSettings).pod).not.toHaveProperty("containerConcurrency");
  });

  it("asks the runtime's own paths whether it is up, ready and alive", () => {
    const { container } = podOf("deployment");
    const probe = (path: string, periodSeconds: number, failureThreshold: number) => ({
      httpGet: { path, port: 8080 },
      periodSeconds,
      timeoutSeconds: 5,
      failureThreshold,
    });
    expect(container).toMatchObject({
      startupProbe: probe("/health/ready", 5, 360),
      readinessProbe: probe("/health/ready", 5, 3),
      livenessProbe: probe("/health/live", 10, 6),
    });
  });

  it("has the memory that the config asks for, and its GPUs", () => {
    expect(podOf("deployment").container["resources"]).toEqual({
      requests: { cpu: "500m", memory: "2Gi", "nvidia.com/gpu": 2 },
      limits: { memory: "2Gi", "nvidia.com/gpu": 2 },
    });
    expect(podOf("deployment", plainSettings).container["resources"]).toEqual({
      requests: { cpu: "1", memory: "512Mi" },
      limits: { memory: "512Mi" },
    });
  });

  it("mounts the declared secrets by name, and holds no value", () => {
    const { pod, container } = podOf("deployment");
    expect(container["volumeMounts"]).toContainEqual({ name: "secrets", mountPath: "/secrets", readOnly: true });
    const items = [
      { key: "hf_access_token", path: "hf_access_token" },
      { key: "other.key", path: "other.key" },
    ];
    expect(pod.volumes).toContainEqual({ name: "secrets", secret: { secretName: "chat-secrets", items } });
    expect(podOf("deployment", plainSettings).pod.volumes).toEqual([{ name: "tmp", emptyDir: {} }]);
  });

  it("is not root, has no capabilities and a read-only root", () => {
    expect(podOf("deployment").container["securityContext"]).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
    });
  });
});

describe("warnings", () => {
  it("tell what the cluster must see to", () => {
    const kinds = (kind: "deployment" | "knative", given = plainSettings) =>
      findWarnings(kind, { ...createOptions(given), nodeSelector: {} }).map(({ message }) => message);
    expect(kinds("knative")).toEqual([expect.stringContaining("after 600 s; the drain timeout is 3600 s")]);
    expect(kinds("deployment")).toEqual([expect.stringContaining("a pod may take 3620 s to end")]);
    expect(kinds("deployment", fullSettings)).toEqual([expect.stringContaining("any node with 2 GPU will do")]);
    expect(findWarnings("deployment", createOptions(fullSettings))).toEqual([]);
  });
});

describe("names", () => {
  it.each([
    ["chat", "chat"],
    ["Qwen 2.5/7B", "qwen-2-5-7b"],
    ["7b", "model-7b"],
    ["Über Modell", "u-ber-modell"],
    ["模型", "model"],
    ["", "model"],
    ["a".repeat(80), "a".repeat(51)],
    [`${"a".repeat(50)}-b`, "a".repeat(50)],
  ])("%j → %j", (given, expected) => {
    expect(resourceName(given)).toBe(expected);
    expect(isResourceName(expected)).toBe(true);
  });

  it("of others are taken only as they may stand", () => {
    for (const name of ["Chat", "-a", "a-", "7b", "a_b", "a".repeat(52), ""]) expect(isResourceName(name)).toBe(false);
    expect(labelValue("--a b--")).toBe("a-b");
    expect(labelValue("***")).toBeUndefined();
  });
});
