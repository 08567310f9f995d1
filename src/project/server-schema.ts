import type { SchemaKit as Kit } from "./schema-kit.ts";

/** Uids that Baseten gives out itself: root, and the user of models. */
const takenUsers = new Set<unknown>([0, 60_000]);

/** No key is needed here: `push` completes the block. */
export function createDockerServer({ object, whole, flag, texted }: Kit) {
  // The paths stand in a configuration of nginx.
  const path = texted(/^\/[^\s;{}'"\\$#]*$/, "must be a path that begins with /");
  return object({
    start_command: texted(/\S/, "must be a command").refine(isInterpolated, {
      error: "holds a single %, which Baseten's supervisor takes for a variable: double it",
    }),
    server_port: whole(1, 65_535).refine((port) => port !== 8080, {
      error: "must not be 8080, which is Baseten's own in the container",
    }),
    predict_endpoint: path,
    readiness_endpoint: path,
    liveness_endpoint: path,
    run_as_user_id: whole(0).refine((user) => !takenUsers.has(user), {
      error: "must be neither 0 nor 60000, which are Baseten's own",
    }),
    no_build: flag,
  });
}

/** `%%` and `%(ENV_NAME)s` mean something to it. */
function isInterpolated(command: string | null | undefined): boolean {
  return !/%(?![%(])/.test((command ?? "").replaceAll("%%", ""));
}
