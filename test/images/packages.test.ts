import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { readNative } from "../../src/push/packages/native.ts";
import { createPackages } from "../../src/push/packages/packages.ts";
import { createSbom } from "../../src/push/sbom.ts";
import { makeStage } from "../unit/push/packages/made-stage.ts";
import { validateBom } from "./support/bom-schema.ts";
import { describeImages } from "./support/tools.ts";

const version = "0.28.2";

describeImages("packages of the real registry", () => {
  let root = "";
  const makeEsbuildStage = () => {
    const read = (name: string) => readFileSync(join(root, name), "utf8");
    const files = { "model/package.json": read("package.json"), "model/package-lock.json": read("package-lock.json") };
    return makeStage(root, files, { esbuild: version });
  };

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "truss-ts-real-packages-"));
    vi.stubEnv("TRUSS_TS_CACHE_DIR", join(root, "cache"));
    writeFileSync(
      join(root, "package.json"),
      JSON.stringify({ name: "model-packages", dependencies: { esbuild: version } }),
    );
    execFileSync("npm", ["install", "--package-lock-only", "--no-audit", "--no-fund"], { cwd: root, stdio: "ignore" });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(root, { recursive: true, force: true });
  });

  it.each([
    ["amd64", "x64"],
    ["arm64", "arm64"],
  ] as const)("linux/%s gets its own machine code, on whatever machine this is", async (architecture, cpu) => {
    const platform = { os: "linux", architecture } as const;
    const request = { stage: makeEsbuildStage(), platform, how: "install" as const, report: () => {} };
    const packages = await createPackages({ ...request, signal: new AbortController().signal });
    const files = (await packages?.read()) ?? [];
    const binaries = files.filter(({ path }) => path.endsWith("/bin/esbuild") && !path.includes("/esbuild/bin"));
    expect(binaries).toHaveLength(1);
    const [binary] = binaries;
    if (binary?.kind !== "file" || binary.content.kind !== "file") throw new Error("no file");
    expect(binary.path).toBe(`model/node_modules/@esbuild/linux-${cpu}/bin/esbuild`);
    expect(binary.mode).toBe(0o755);
    expect(await readNative(binary.content.file)).toEqual({ os: "linux", cpu });
  });

  it("has a bill of materials that the official schema takes", async () => {
    const stage = {
      ...makeEsbuildStage(),
      bundled: [
        { name: "hono", version: "4.0.0" },
        { name: "@msgpack/msgpack", version: "3.0.0" },
      ],
    };
    const bytes = await createSbom(stage, { os: "linux", architecture: "arm64" });
    const document = JSON.parse(new TextDecoder().decode(bytes)) as { components: { name: string }[] };
    expect(validateBom(document)).toEqual([]);
    expect(document.components.map(({ name }) => name)).toEqual(["linux-arm64", "msgpack", "esbuild", "hono"]);
    // The schema is looked at: one that takes everything would prove nothing.
    expect(validateBom({ ...document, specVersion: 16 })).not.toEqual([]);
    const unknown = {
      ...document,
      components: [{ type: "library", name: "x", licenses: [{ license: { id: "No-Such" } }] }],
    };
    expect(validateBom(unknown)).not.toEqual([]);
  });
});
