import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figuresOf, median, ratioOf, takeTurns } from "../tools/figures.mjs";
import { createBuildah, makeBase, readLayers, weigh, whyNoDocker, whyNoImages } from "../tools/image-tools.mjs";
import { timeCommand } from "../tools/timed-command.mjs";
import { installTruss, linkPackages } from "../tools/truss-package.mjs";
import { makeFolder, run } from "../tools/workshop.mjs";

export const title = "Pushing an archive and an image";

export const about =
  "The `chat` template, packaged from nothing and after an edit of the model, in turn. `truss-ts push` is the whole " +
  "command: it checks the project, bundles it, lists and hashes the files, and writes an OCI layout or an archive to " +
  "disk. `buildah build` is given the Dockerfile and the context that `push --dockerfile` has written, on the same base, " +
  "and is timed from there: neither bundling nor writing the image out of its storage counts. Cold means with empty " +
  "caches: of truss-ts's own, and of buildah's images; after an edit the base and all layers but the model's are known.";

const longMs = 300_000;

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, progress }) {
  const why = await whyNoImages();
  const bench = await prepare(why === undefined ? await makeBase() : undefined);
  const subjects = createSubjects(bench);
  try {
    await takeTurns(subjects, 1, (subject) => subject());
    const samples = await takeTurns(subjects, quick ? 3 : 5, (subject) => subject(), progress);
    return await report(samples, bench, why, await whyNoDocker());
  } finally {
    await bench.buildah?.close();
  }
}

async function prepare(base) {
  const truss = await installTruss();
  const project = join(makeFolder("push"), "project");
  const init = [truss.cli, "init", project, "--template", "chat", "--yes", "--no-install", "--no-git"];
  await run(process.execPath, init);
  linkPackages(project, { "truss-ts": truss.folder });
  const bench = { truss, project, base, out: makeFolder("out"), caches: makeFolder("caches"), count: 0 };
  if (base === undefined) return bench;
  const context = join(makeFolder("context"), "context");
  const push = ["--target", "image", "--base", `oci:${base}:24`, "--dockerfile", context];
  await run(process.execPath, [truss.cli, "push", project, ...push]);
  return { ...bench, context, buildah: createBuildah() };
}

function createSubjects(bench) {
  const { base, buildah, context } = bench;
  const push = (cache, ...flags) => timePush(bench, cache, flags);
  const fresh = () => join(bench.caches, `cold-${(bench.count += 1)}`);
  const out = (name) => ["--out", join(bench.out, name)];
  const archive = ["--target", "archive"];
  const own = {
    "push, staging alone, after an edit": () => edited(bench, () => push("warm", ...archive, "--dry-run")),
    "push, archive, cold": () => push(fresh(), ...archive, ...out("archive")),
    "push, archive, after an edit": () => edited(bench, () => push("warm", ...archive, ...out("archive"))),
  };
  if (buildah === undefined) return own;
  const image = ["--target", "image", "--base", `oci:${base}:24`];
  const build = ["buildah", "build", "--layers", "--timestamp", "0", "--tag"];
  // A name of its own for each: buildah loses images whose name another one takes.
  const timeBuild = () => {
    bench.built = `bench:${(bench.count += 1)}`;
    return timeCommand([...build, bench.built, context], { env: buildah.env, timeoutMs: longMs });
  };
  return {
    ...own,
    "push, image, cold": () => push(fresh(), ...image, ...out(`cold-${bench.count}`)),
    "push, image, after an edit": () => edited(bench, () => push("warm", ...image, ...out("image"))),
    "buildah build, cold": async () => {
      await buildah.forget();
      return timeBuild();
    },
    "buildah build, after an edit": async () => {
      await editBuilt(bench);
      return timeBuild();
    },
  };
}

function timePush({ truss, project, caches }, cache, flags) {
  const env = { TRUSS_TS_CACHE_DIR: join(caches, cache) };
  const command = [process.execPath, truss.cli, "push", project, ...flags];
  return timeCommand(command, { env, timeoutMs: longMs });
}

/** A line of the model that is in every bundle of it. */
function edited(bench, then) {
  bench.count += 1;
  const file = join(bench.project, "model", "model.ts");
  const text = readFileSync(file, "utf8").replace(/\nexport const edition = .*\n/, "");
  writeFileSync(file, `${text}\nexport const edition = ${bench.count};\n`);
  return then();
}

/** The same kind of edit in what the Dockerfile copies, bundled before the clock starts. */
function editBuilt(bench) {
  const { truss, project, base, context } = bench;
  const flags = ["--target", "image", "--base", `oci:${base}:24`, "--dockerfile", context];
  return edited(bench, () => run(process.execPath, [truss.cli, "push", project, ...flags], { timeoutMs: longMs }));
}

async function report(samples, bench, why, whyNotDocker) {
  const wall = figuresOf(samples, "wall", "ms", (sample) => sample.wall);
  const cpu = figuresOf(samples, "CPU", "ms", (sample) => sample.cpu);
  const skipped = [
    ...(why === undefined ? [] : [`images and buildah: ${why}`]),
    `docker build: ${whyNotDocker ?? "a daemon's storage cannot be emptied for the bench alone"}`,
  ];
  const archive = { name: "archive", metric: "size", unit: "kB", samples: [weigh(join(bench.out, "archive")) / 1000] };
  if (bench.buildah === undefined) return { figures: [...wall, ...cpu, archive], ratios: [], skipped };
  const sizes = [archive, ...(await sizesOf(bench))];
  return { figures: [...wall, ...cpu, ...sizes], ratios: compare(wall), skipped, notes: [split(wall)] };
}

function compare(figures) {
  const find = (name) => figures.find((figure) => figure.name === name);
  const of = (when, options) => ratioOf(find(`buildah build, ${when}`), find(`push, image, ${when}`), options);
  return [of("cold", { better: "higher" }), of("after an edit", { better: "higher", goal: 10 })];
}

/** Most of what a push takes has nothing to do with images. */
function split(figures) {
  const middle = (name) => median(figures.find((figure) => figure.name === name).samples);
  const [whole, staging] = [middle("push, image, after an edit"), middle("push, staging alone, after an edit")];
  const met = whole < 1000 ? "met" : "not met";
  return `Goal: an image in less than a second after an edit (whole command, median): ${met}. Of its ${whole.toFixed(0)} ms, checking, bundling and hashing take about ${staging.toFixed(0)}, which every target needs.`;
}

/** What the last build of each has made: what a registry that knows the base has to be sent. */
async function sizesOf({ out, buildah, built: name }) {
  const theirs = join(makeFolder("buildah-out"), "layout");
  await buildah.run("push", name, `oci:${theirs}:bench`);
  const ours = readLayers(join(out, "image"));
  const built = readLayers(theirs);
  const size = (name, metric, bytes) => ({ name, metric, unit: "kB", samples: [bytes / 1000] });
  const sum = (layers) => layers.reduce((total, layer) => total + layer.size, 0);
  return [
    size("push, image", "all layers, packed", sum(ours)),
    size("push, image", "layers of an edit, packed", ours.at(-1).size),
    size("buildah build", "all layers, packed", sum(built)),
    size("buildah build", "layers of an edit, packed", built.at(-1).size),
  ];
}
