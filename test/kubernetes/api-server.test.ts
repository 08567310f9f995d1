import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toYaml } from "../../src/project/to-yaml.ts";
import { type Manifest, createManifests } from "../../src/push/kubernetes/manifests.ts";
import { createOptions, fullSettings, plainSettings } from "../fixtures/kubernetes-options.ts";
import { type ApiServer, startApiServer, untilItAnswers } from "./cluster.ts";
import { readDefinitions } from "./definitions.ts";

const named = process.env["TRUSS_TS_KUBE_APISERVER"];
const binary = named === undefined ? undefined : resolve(named);
/** A folder with the definitions of Knative's Service and KServe's InferenceService, as their projects publish them. */
const definitions = process.env["TRUSS_TS_KUBE_DEFINITIONS"];

let server: ApiServer;

/** Asks the server whether it would take this: names of fields, types, and what only the server knows. */
async function judge(manifests: readonly Manifest[]): Promise<string> {
  const text = await toYaml(manifests);
  return server.kubectl(["apply", "--dry-run=server", "-f", "-"], text);
}

/** Debian's server is of 1.20, where two of the kinds had older names; a scaler's fields were the same already. */
function asOf120(manifest: Manifest): Manifest {
  const names: Readonly<Record<string, string>> = {
    "autoscaling/v2": "autoscaling/v2beta2",
    "policy/v1": "policy/v1beta1",
  };
  return { ...manifest, apiVersion: names[manifest.apiVersion] ?? manifest.apiVersion };
}

const settings = { full: fullSettings, plain: plainSettings };

describe.skipIf(binary === undefined)("a real API server", () => {
  beforeAll(async () => {
    server = await startApiServer(binary ?? "");
    if (definitions !== undefined) {
      await server.kubectl(["create", "-f", "-"], readDefinitions(definitions));
      for (const kind of ["services.serving.knative.dev", "inferenceservices.serving.kserve.io"]) {
        await untilItAnswers(() => server.kubectl(["get", kind]));
      }
    }
  }, 90_000);
  afterAll(() => server.close());

  it.each(Object.entries(settings))("takes a Deployment and what belongs to it: %s", async (_name, given) => {
    const told = await judge(createManifests("deployment", createOptions(given)).map((manifest) => asOf120(manifest)));
    expect(told.match(/created \(server dry run\)/g)).toHaveLength(4);
  });

  it("refuses a field that it does not know, and labels that do not fit", async () => {
    const [deployment] = createManifests("deployment", createOptions(plainSettings));
    if (deployment === undefined) throw new Error("no Deployment");
    const { selector, ...spec } = deployment.spec;
    await expect(judge([{ ...deployment, spec: { ...deployment.spec, prots: 1 } }])).rejects.toThrow(/prots/);
    expect(selector).toBeDefined();
    const other = { ...deployment, spec: { ...spec, selector: { matchLabels: { app: "other" } } } };
    await expect(judge([other])).rejects.toThrow(/selector.*does not match/s);
  });

  describe.skipIf(definitions === undefined).each(["knative", "kserve"] as const)(
    "with the definition of %s",
    (kind) => {
      it.each(Object.entries(settings))("takes it: %s", async (_name, given) => {
        expect(await judge(createManifests(kind, createOptions(given)))).toContain("created (server dry run)");
      });

      it("refuses a field that it does not know", async () => {
        const [manifest] = createManifests(kind, createOptions(plainSettings));
        if (manifest === undefined) throw new Error("no manifest");
        const part = kind === "knative" ? "template" : "predictor";
        const broken = { ...manifest, spec: { [part]: { ...(manifest.spec[part] as object), prots: 1 } } };
        await expect(judge([broken])).rejects.toThrow(/prots/);
      });
    },
  );
});
