import { packageVersion } from "../lib/package-root.ts";
import { type LockedPackage, readNpmLock, resolveLocked } from "./packages/npm-lock.ts";
import { isFor, packageTarget } from "./packages/target.ts";
import { type Platform, platformName } from "./platform.ts";
import { type KnownPackage, type PackageFacts, openPackageFacts, packageUrl } from "./sbom-facts.ts";
import type { Stage } from "./types.ts";
import { stagedText } from "./write-staged.ts";

type Json = Readonly<Record<string, unknown>>;

const modelRef = "model";

/**
 * The bill of materials of a stage, as the bytes of a CycloneDX 1.6 document: the same for the same stage. It lists the
 * packages in the bundle and those that are installed beside it, with all that these need; of the base it says nothing.
 */
export async function createSbom(stage: Stage, platform: Platform): Promise<Uint8Array> {
  const facts = openPackageFacts(stage.project.root);
  const installed = await readInstalled(stage, platform);
  const components = describeAll(stage, installed, facts);
  const document: Json = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: describeModel(stage, platform),
    components: [...components.values()],
    dependencies: listDependencies(stage, installed, [...components.keys()]),
  };
  return new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
}

/** What the staged lockfile puts on this platform, by its paths. */
async function readInstalled(stage: Stage, platform: Platform): Promise<ReadonlyMap<string, LockedPackage>> {
  const lock = stage.files.find(({ path }) => path === "model/package-lock.json");
  if (lock === undefined) return new Map();
  const target = packageTarget(platform, "glibc");
  const fitting = new Map([...readNpmLock(await stagedText(lock))].filter(([, entry]) => isFor(target, entry)));
  const reached = new Map<string, LockedPackage>();
  const queue = (stage.installation?.packages ?? []).map(({ name }) => fitting.get(`node_modules/${name}`));
  // What only other platforms' packages need is not installed either.
  for (let entry = queue.pop(); entry !== undefined || queue.length > 0; entry = queue.pop()) {
    if (entry === undefined || reached.has(entry.path)) continue;
    reached.set(entry.path, entry);
    queue.push(...needsOf(fitting, entry));
  }
  return reached;
}

function needsOf(locked: ReadonlyMap<string, LockedPackage>, entry: LockedPackage): readonly LockedPackage[] {
  const names = [...entry.dependencies, ...entry.optionalDependencies];
  return names.map((name) => resolveLocked(locked, entry.path, name)).filter((found) => found !== undefined);
}

function describeModel({ project, digest }: Stage, platform: Platform): Json {
  const tool = { type: "application", name: "truss-ts", version: packageVersion() };
  return {
    tools: { components: [tool] },
    component: {
      type: "application",
      "bom-ref": modelRef,
      name: project.config.modelName ?? "model",
      hashes: [{ alg: "SHA-256", content: digest.replace(/^sha256:/, "") }],
      properties: [{ name: "truss-ts:platform", value: platformName(platform) }],
    },
  };
}

/** Each once, by its package URL and sorted by that. */
function describeAll(stage: Stage, installed: ReadonlyMap<string, LockedPackage>, facts: PackageFacts) {
  const found = new Map<string, { known: KnownPackage; ways: Set<string> }>();
  const add = (known: KnownPackage, way: string) => {
    const url = packageUrl(known);
    const entry = found.get(url) ?? { known, ways: new Set() };
    found.set(url, { known: { ...entry.known, ...known }, ways: entry.ways.add(way) });
  };
  for (const { name, version } of stage.bundled) add({ name, version }, "bundled");
  for (const { name, version, integrity, license } of installed.values()) {
    const facts = { ...(integrity === undefined ? {} : { integrity }), ...(license === undefined ? {} : { license }) };
    add({ name, version, ...facts }, "installed");
  }
  // Without a lockfile only those that are asked for by name are known.
  for (const { name, version } of stage.installation?.packages ?? []) add({ name, version }, "installed");
  const sorted = [...found].sort(([one], [other]) => (one < other ? -1 : 1));
  return new Map(sorted.map(([url, { known, ways }]) => [url, describe(url, known, ways, facts)]));
}

function describe(url: string, known: KnownPackage, ways: ReadonlySet<string>, facts: PackageFacts): Json {
  const slash = known.name.startsWith("@") ? known.name.indexOf("/") : -1;
  const licenses = facts.licenses(known);
  const hashes = facts.hashes(known);
  return {
    type: "library",
    "bom-ref": url,
    ...(slash === -1 ? {} : { group: known.name.slice(0, slash) }),
    name: known.name.slice(slash + 1),
    version: known.version,
    ...(hashes.length === 0 ? {} : { hashes }),
    ...(licenses.length === 0 ? {} : { licenses }),
    purl: url,
    properties: [...ways].sort().map((value) => ({ name: "truss-ts:delivery", value })),
  };
}

/** The bundle has no graph of its own: the model needs all that is in it. */
function listDependencies(
  { bundled, installation }: Stage,
  installed: ReadonlyMap<string, LockedPackage>,
  all: readonly string[],
): readonly Json[] {
  const needs = new Map<string, Set<string>>(all.map((url) => [url, new Set()]));
  for (const entry of installed.values()) {
    for (const other of needsOf(installed, entry)) needs.get(packageUrl(entry))?.add(packageUrl(other));
  }
  const roots = [...bundled, ...(installation?.packages ?? [])].map(packageUrl);
  const list = (urls: Iterable<string>) => [...new Set(urls)].filter((url) => needs.has(url)).sort();
  return [
    { ref: modelRef, dependsOn: list(roots) },
    ...[...needs].map(([ref, urls]) => ({ ref, ...(urls.size === 0 ? {} : { dependsOn: list(urls) }) })),
  ];
}
