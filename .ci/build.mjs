// Builds dist/: one bundled file per door and per lazily loaded command (shared code in chunks), and the declarations.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

// Built beside the old one and put in its place at the end, so that what runs meanwhile finds a whole dist/.
const dist = join(root, "dist");
const fresh = join(root, `.dist-${process.pid}`);
await build({
  absWorkingDir: root,
  entryPoints: {
    index: "src/index.ts",
    testing: "src/testing.ts",
    runtime: "src/runtime.ts",
    cli: "src/cli.ts",
    child: "src/runtime/child.ts",
    artifact: "src/runtime/artifact.ts",
  },
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  sourcemap: false,
  chunkNames: "chunks/[name]-[hash]",
  legalComments: "none",
  logLevel: "warning",
});
if (process.argv.includes("--no-types")) {
  // The declarations of the last whole build stay.
  if (existsSync(dist))
    cpSync(dist, fresh, {
      recursive: true,
      force: false,
      filter: (path) => !/\.js$|chunks/.test(path.slice(dist.length)),
    });
} else {
  const tsc = ["node_modules/typescript/bin/tsc", "-p", ".ci/tsconfig.types.json", "--outDir", fresh];
  execFileSync(process.execPath, tsc, { cwd: root, stdio: "inherit" });
}
rmSync(`${fresh}-old`, { recursive: true, force: true });
if (existsSync(dist)) renameSync(dist, `${fresh}-old`);
renameSync(fresh, dist);
rmSync(`${fresh}-old`, { recursive: true, force: true });
