import type * as zod from "zod";
import type { SchemaKit as Kit } from "./schema-kit.ts";

/** What each way of proving who one is needs, as Truss has it. */
const needs: Readonly<Record<string, readonly string[]>> = {
  AWS_OIDC: ["aws_oidc_role_arn", "aws_oidc_region"],
  GCP_OIDC: ["gcp_oidc_service_account", "gcp_oidc_workload_id_provider"],
  AWS_ASSUME_ROLE: ["aws_assume_role_arn", "aws_assume_role_region"],
};

/** `base_image.docker_auth`. */
export function createDockerAuth(kit: Kit) {
  const { text } = kit;
  const methods = ["GCP_SERVICE_ACCOUNT_JSON", "AWS_IAM", "AWS_OIDC", "AWS_ASSUME_ROLE", "GCP_OIDC", "REGISTRY_SECRET"];
  return kit
    .mapping({
      auth_method: createMethod(kit, methods),
      registry: text,
      secret_name: text,
      aws_access_key_id_secret_name: text,
      aws_secret_access_key_secret_name: text,
      ...createFields(kit),
    })
    .superRefine(checkFields({ ...needs, GCP_SERVICE_ACCOUNT_JSON: ["secret_name"] }))
    .nullish();
}

/** `weights[].auth`. */
export function createWeightsAuth(kit: Kit) {
  const methods = ["CUSTOM_SECRET", "AWS_OIDC", "GCP_OIDC", "AWS_ASSUME_ROLE"];
  return kit
    .mapping({ auth_method: createMethod(kit, methods), auth_secret_name: kit.text, ...createFields(kit) })
    .superRefine(checkFields({ ...needs, CUSTOM_SECRET: ["auth_secret_name"] }))
    .nullish();
}

/** In any case of letters. */
function createMethod({ z }: Kit, methods: readonly string[]) {
  const error = `must be one of ${methods.join(", ")}`;
  return z.string({ error }).refine((method) => methods.includes(method.toUpperCase()), { error });
}

function createFields({ text }: Kit) {
  return {
    aws_oidc_role_arn: text,
    aws_oidc_region: text,
    gcp_oidc_service_account: text,
    gcp_oidc_workload_id_provider: text,
    aws_assume_role_arn: text,
    aws_assume_role_region: text,
  };
}

function checkFields(needs: Readonly<Record<string, readonly string[]>>) {
  const known = [...new Set(Object.values(needs).flat())];
  return (auth: { auth_method: string; [key: string]: unknown }, context: zod.RefinementCtx) => {
    const method = auth.auth_method.toUpperCase();
    const needed = needs[method];
    if (needed === undefined) return;
    for (const key of known) {
      const isGiven = typeof auth[key] === "string" && auth[key] !== "";
      if (isGiven === needed.includes(key)) continue;
      const message = isGiven ? `does not go with auth_method ${method}` : `must be given with auth_method ${method}`;
      context.addIssue({ code: "custom", path: [key], message });
    }
  };
}
