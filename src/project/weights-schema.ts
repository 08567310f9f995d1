import { createWeightsAuth } from "./auth-schema.ts";
import { type SchemaKit as Kit, refuseTwins } from "./schema-kit.ts";

/** Where a model's data comes from: the platform brings it, or its build does. */
export function createDataKeys(kit: Kit) {
  const { text, neededText } = kit;
  return {
    external_data: kit.list(kit.mapping({ url: neededText, local_data_path: neededText, backend: text, name: text })),
    model_cache: kit.list(createRepo(kit, false)),
    hf_cache: kit.list(createRepo(kit, false)),
    cache_internal: kit.list(createRepo(kit, true)),
    weights: createWeights(kit),
    bdn: createBdn(kit),
    training_checkpoints: createCheckpoints(kit),
  };
}

function createRepo({ z, mapping, text, texts, texted, neededText, choice, flag }: Kit, isInternal: boolean) {
  const repo = mapping({
    repo_id: neededText,
    revision: texted(/^(?!.$)/s, "must be empty or of at least two characters"),
    allow_patterns: texts,
    ignore_patterns: texts,
    volume_folder: texted(/./s, "must not be empty"),
    use_volume: isInternal ? flag : z.boolean({ error: "must be true or false" }),
    kind: choice(["hf", "gcs", "s3", "azure"]),
    runtime_secret_name: text,
  });
  return repo.superRefine(({ use_volume, volume_folder, kind, revision }, context) => {
    if (use_volume !== true) return;
    const refuse = (key: string) =>
      context.addIssue({ code: "custom", path: [key], message: "must be given with use_volume" });
    if (!volume_folder) refuse("volume_folder");
    if ((kind ?? "hf") === "hf" && !revision) refuse("revision");
  });
}

const buckets = "(?:s3|gs|azure|r2|cw)://[^/@][^@]*";

function createWeights(kit: Kit) {
  const { neededTexted, text, texts } = kit;
  const source = kit
    .mapping({
      source: neededTexted(
        new RegExp(`^(?:hf://[^/].*|https://[^/].*|${buckets})$`, "s"),
        "must begin with hf://owner/repo, s3://, gs://, azure://, r2:// or cw://bucket/path, or https://host/path; only hf:// takes an @revision",
      ),
      mount_location: neededTexted(/^\//, "must be an absolute path"),
      auth: createWeightsAuth(kit),
      auth_secret_name: text,
      allow_patterns: texts,
      ignore_patterns: texts,
    })
    .superRefine(({ auth, auth_secret_name }, context) => {
      if (!auth_secret_name || !auth?.auth_secret_name) return;
      const message = "is given in auth as well: keep one of the two";
      context.addIssue({ code: "custom", path: ["auth_secret_name"], message });
    });
  return kit.z
    .array(source, { error: "must be a list" })
    .superRefine(refuseTwins("mount_location", (item) => item.mount_location))
    .nullish();
}

const bdnName = String.raw`(?!\.{2})[^/:@\0]{1,256}?`;
const glob = /^(?!\s|\/)(?!.*\s$)(?!(?:.*\/)?\.{0,2}\/)(?!(?:.*\/)?\.{1,2}$)[^\\\0]+$/s;

function createBdn(kit: Kit) {
  const { z, object, neededTexted } = kit;
  const globs = kit.list(neededTexted(glob, "must be a relative pattern without dot segments"));
  const mount = kit.mapping({
    source: neededTexted(
      new RegExp(`^bdn:${bdnName}/${bdnName}(?::${bdnName}|@(?:b3:)?[0-9a-fA-F]{12,64})?$`),
      "must be bdn:namespace/volume, with :tag or @digest where wanted",
    ),
    path: neededTexted(
      /^(?!.*(?:^|\/)\.\.(?:\/|$))\/(?=.*[^/.\0])[^\0]*$/s,
      'must be an absolute path, not "/" itself and without ".."',
    ),
    include: globs,
    exclude: globs,
  });
  const access = kit.mapping({
    namespace: neededTexted(
      /^(?!.*\.\.)[^/\0]{1,256}$/s,
      'must be a name of at most 256 characters, without "/" and ".."',
    ),
    grants: z
      .array(
        z.enum(["pull", "push", "tag", "inspect", "delete"], { error: "must be pull, push, tag, inspect or delete" }),
        {
          error: "must be a list",
        },
      )
      .min(1, { error: "must not be empty" })
      .refine((grants) => new Set(grants).size === grants.length, { error: "must not name one twice" }),
  });
  return object({
    mounts: z
      .array(mount, { error: "must be a list" })
      .superRefine(refuseTwins("path", ({ path }) => partsOf(path).join("/")))
      .nullish(),
    access: z
      .array(access, { error: "must be a list" })
      .superRefine(refuseTwins("namespace", ({ namespace }) => namespace))
      .nullish(),
    hotload: object({ enabled: kit.flag }),
  });
}

/** `/a//b/./` and `/a/b` are one folder. */
function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function createCheckpoints({ mapping, list, text, texts, neededText }: Kit) {
  return mapping({
    download_folder: text,
    artifact_references: list(mapping({ training_job_id: neededText, paths: texts })),
    loops_checkpoint_ids: texts,
  })
    .superRefine(({ artifact_references, loops_checkpoint_ids }, context) => {
      if (!artifact_references?.length || !loops_checkpoint_ids?.length) return;
      const message = "excludes artifact_references: keep one of the two";
      context.addIssue({ code: "custom", path: ["loops_checkpoint_ids"], message });
    })
    .nullish();
}
