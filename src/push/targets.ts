import type { Target } from "./types.ts";

/** One row of the table of targets. The module is loaded only when it is asked for. */
export interface TargetRow {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Target>;
}

/** Every way of delivering. The first is the default. */
export const targets: readonly TargetRow[] = [
  {
    name: "archive",
    summary: "a plain .tar that Baseten takes and that anyone can run with node",
    load: async () => (await import("./targets/archive.ts")).archive,
  },
  {
    name: "image",
    summary: "an OCI image, made without Docker: to a registry, a folder or a file",
    load: async () => (await import("./targets/image.ts")).image,
  },
  {
    name: "kubernetes",
    summary: "manifests for Kubernetes, Knative or KServe, with the image in a registry",
    load: async () => (await import("./targets/kubernetes.ts")).kubernetes,
  },
  {
    name: "baseten",
    summary: "a live deployment on Baseten",
    load: async () => (await import("./targets/baseten.ts")).baseten,
  },
];
