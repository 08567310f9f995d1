import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { createProject } from "./dev-server.ts";
import { makeFolder, start } from "./init-run.ts";

const model = "export class Model { predict() { return 1; } }\n";
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
/** One that is there already: nothing has to be built for it. The images of the tests with container tools are real. */
const image = `registry.example.com/team/my-model@${digest}`;

function setUp(config = "model_name: My Model\nsecrets:\n  hf_token: null\n") {
  const project = createProject({ "config.yaml": config, "model/model.ts": model });
  const push = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    start(["push", "--target", "kubernetes", ...args], { cwd: project.dir, env }).ended;
  return { project, push };
}

const read = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as { kind: string });

describe("push --target kubernetes", () => {
  it("prints the manifests, for kubectl to read", async () => {
    const { push } = setUp();
    const { code, stdout, stderr } = await push(["--image", image]);
    expect([code, read(stdout).map(({ kind }) => kind)]).toEqual([
      0,
      ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"],
    ]);
    expect(stdout).toContain(`image: ${image}`);
    expect(stderr).toContain("kubectl create secret generic my-model-secrets --from-file=hf_token=./hf_token.txt");
  });

  it("writes them to a folder, and tells of it in one object", async () => {
    const { project, push } = setUp();
    const out = join(project.dir, "deploy");
    const { code, stdout } = await push(["--image", image, "--kind", "knative", "--out", out, "--json"]);
    expect(code).toBe(0);
    const told = JSON.parse(stdout) as Record<string, unknown>;
    expect(told).toMatchObject({ target: "kubernetes", digest, image, kind: "knative", objects: ["Service/my-model"] });
    expect(readdirSync(out)).toEqual(["my-model.yaml"]);
    expect(read(readFileSync(String(told["path"]), "utf8"))).toMatchObject([{ apiVersion: "serving.knative.dev/v1" }]);
  });

  it("writes nothing in a dry run", async () => {
    const { project, push } = setUp();
    const out = join(project.dir, "deploy");
    const { code, stdout } = await push(["--image", image, "--out", out, "--apply", "--dry-run", "--json"], {
      PATH: project.dir,
    });
    expect([code, existsSync(out)]).toEqual([0, false]);
    expect(read((JSON.parse(stdout) as { manifests: string }).manifests)).toHaveLength(4);
  });

  // It stands for the user's kubectl, which needs a cluster; the real one is asked in test/kubernetes.
  it.each([
    ["taken", 'cat > "$OUT"; echo "$@" >> "$OUT"; echo deployment.apps/my-model created', 0, "created"],
    ["refused", "cat > /dev/null; echo error: no such namespace >&2; exit 1", 1, "no such namespace"],
  ])("--apply hands them to kubectl: %s", async (_name, script, expected, words) => {
    const { push } = setUp();
    const bin = makeFolder();
    writeFileSync(join(bin, "kubectl"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, "kubectl"), 0o755);
    const given = join(bin, "given");
    const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, OUT: given };
    const { code, stderr } = await push(["--image", image, "--apply", "--context", "staging"], env);
    expect([code, stderr]).toEqual([expected, expect.stringContaining(words)]);
    if (expected !== 0) return;
    expect(readFileSync(given, "utf8")).toMatch(/^apiVersion: apps\/v1[^]*--context staging apply -f -\n$/);
  });

  it("--apply without kubectl says what to do", async () => {
    const { project, push } = setUp();
    const { code, stderr } = await push(["--image", image, "--apply"], { PATH: project.dir });
    expect([code, stderr]).toEqual([1, expect.stringContaining("kubectl is not installed")]);
  });

  it.each([
    [[], "none is named"],
    [["--image", image, "--kind", "helm"], "takes deployment, knative, kserve"],
    [["--image", image, "--min-replicas", "0"], "Only Knative"],
    [["--image", image, "--min-replicas", "5"], "less than the least"],
    [["--image", image, "--max-replicas", "many"], "not a whole number"],
    [["--image", image, "--name", "My_Model"], "such as my-model"],
    [["--image", image, "--node-selector", "gpu"], "label=value"],
    [["--image", "reg/UPPER:1"], "UPPER"],
  ])("%j is a usage fault", async (args, words) => {
    const { push } = setUp();
    const { code, stdout, stderr } = await push(args);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(words)]);
  });
});
