import { packageVersion } from "../lib/package-root.ts";
import { livePath, readyPath } from "../runtime/paths.ts";
import type { Stage } from "./types.ts";

/** The folder of an image that holds the stage. */
export const imageHome = "/app";
/** What an image listens on unless `TRUSS_TS_PORT` or `PORT` says otherwise. */
export const imagePort = 8080;
/** In numbers, so that Kubernetes can tell that it is not root; the customary ones of images without a shell. */
export const imageUser = "65532:65532";
export const stopSignal = "SIGTERM";
/** Replaces what the base starts. */
export const imageEntrypoint: readonly string[] = ["node", `${imageHome}/model/server.mjs`];
/** Added to the environment of the base. */
export const imageEnvironment: Readonly<Record<string, string>> = {
  NODE_ENV: "production",
  TRUSS_TS_CONTAINER: "1",
  // The one folder that is writable even where the rest is not; who has no entry in /etc/passwd has no other home.
  HOME: "/tmp",
};

/** Docker's own check; the OCI format has no place for one, and Kubernetes has its probes. */
export const healthCheck = {
  command: [...imageEntrypoint, "--check-health"],
  /** Seconds. */
  interval: 10,
  timeout: 5,
  startPeriod: 30,
  retries: 3,
} as const;

/** What an image says of itself: the same, whoever builds it. */
export function imageLabels(stage: Stage): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": stage.project.config.modelName ?? "model",
    "truss-ts.digest": stage.digest,
    "truss-ts.endpoints": stage.endpoints.map(({ method }) => method).join(" "),
    "truss-ts.health.live": livePath,
    "truss-ts.health.ready": readyPath,
    "truss-ts.version": packageVersion(),
  };
}
