import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { repository } from "../../contract/support/project.ts";
import { tool } from "./tools.ts";

/** The library of the CycloneDX project, which carries its official schemas; only these are used. */
const library = "@cyclonedx/cyclonedx-library";
const edition = "10.3.0";
const integrity = "RIT28sp1U0PCHaaeF3yNRwk6Jig/XJ8UsYAVOMYaHQ+0VVOvsjcp0PTWQFLUqJFF8XMud+Kdq6G+wtDAh+QJFA==";

/** What the official schema of CycloneDX 1.6 has against a document: nothing, if it is a good one. */
export function validateBom(document: unknown): readonly string[] {
  const folder = join(fetchLibrary(), "res", "schema");
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  for (const format of ["iri-reference", "idn-email"]) ajv.addFormat(format, true);
  for (const name of ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"]) {
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}`);
  }
  const validate = ajv.compile(read("bom-1.6.SNAPSHOT.schema.json"));
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message = "" }) => `${instancePath} ${message}`);
}

/** Downloaded once, and checked against what is written here. */
function fetchLibrary(): string {
  const home = join(repository, "node_modules", ".cache", "truss-ts-images");
  const folder = join(home, `cyclonedx-${edition}`);
  if (existsSync(folder)) return folder;
  mkdirSync(home, { recursive: true });
  const work = mkdtempSync(join(home, "making-"));
  try {
    const packed = tool("npm", ["pack", "--silent", "--pack-destination", work, `${library}@${edition}`]).trim();
    const found = createHash("sha512")
      .update(readFileSync(join(work, packed)))
      .digest("base64");
    if (found !== integrity) throw new Error(`${library}@${edition} is not what it was: sha512-${found}`);
    tool("tar", ["-xzf", join(work, packed), "-C", work]);
    if (!existsSync(folder)) renameSync(join(work, "package"), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}
