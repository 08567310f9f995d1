import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figuresOf, median, ratioOf, takeTurns } from "../tools/figures.mjs";
import { createBuildah, makeBase, readLayers, weigh, whyNoDocker, whyNoImages } from "../tools/image-tools.mjs";
import { timeCommand, timeStory } from "../tools/timed-command.mjs";
import { installTruss, linkPackages } from "../tools/truss-package.mjs";
import { cleanEnv, makeFolder, run } from "../tools/workshop.mjs";

export const title = "Pushing an archive and an image";

export const about =
  "The `chat` template, packaged from nothing and after an edit of the model, in turn. Each command is measured whole: it " +
  "checks the project, bundles it, hashes the files, and writes an archive or an OCI layout to disk. With `--builder " +
  "buildah` the same command lets buildah make the image, of the same files on the same base. The image alone is the part " +
  "of both that makes it, from the staged files to the end of the command; buildah's does not write it out of its " +
  "storage, ours does. Cold means with empty caches: of truss-ts's own, and of buildah's images; after an edit the base " +
  "and all layers but the model's are known.";

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
  return { ...bench, buildah: createBuildah() };
}

function createSubjects(bench) {
  const { base, buildah } = bench;
  const push = (cache, from, ...flags) => timePush(bench, cache, from, flags);
  const fresh = () => join(bench.caches, `cold-${(bench.count += 1)}`);
  const out = (name) => ["--out", join(bench.out, name)];
  const archive = ["--target", "archive"];
  const own = {
    "push, archive, cold": () => push(fresh(), undefined, ...archive, ...out("archive")),
    "push, archive, after an edit": () => edited(bench, () => push("warm", undefined, ...archive, ...out("archive"))),
  };
  if (buildah === undefined) return own;
  const image = ["--target", "image", "--base", `oci:${base}:24`];
  const makes = "Reading the base image";
  const builds = "Building the image with";
  return {
    ...own,
    "push, image, cold": () => push(fresh(), makes, ...image, ...out(`cold-${bench.count}`)),
    "push, image, after an edit": () => edited(bench, () => push("warm", makes, ...image, ...out("image"))),
    "push --builder buildah, cold": async () => {
      await buildah.forget();
      return push("warm", builds, ...image, "--builder", "buildah");
    },
    "push --builder buildah, after an edit": () =>
      edited(bench, () => push("warm", builds, ...image, "--builder", "buildah")),
  };
}

function timePush({ truss, project, caches, buildah }, cache, from, flags) {
  const env = { ...buildah?.env, TRUSS_TS_CACHE_DIR: join(caches, cache) };
  const command = [process.execPath, truss.cli, "push", project, ...flags];
  const options = { env, timeoutMs: longMs };
  return from === undefined ? timeCommand(command, options) : timeStory(command, from, options);
}

/** A line of the model that is in every bundle of it. */
function edited(bench, then) {
  bench.count += 1;
  const file = join(bench.project, "model", "model.ts");
  const text = readFileSync(file, "utf8").replace(/\nexport const edition = .*\n/, "");
  writeFileSync(file, `${text}\nexport const edition = ${bench.count};\n`);
  return then();
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
  const images = Object.fromEntries(Object.entries(samples).filter(([name]) => !name.includes("archive")));
  const parts = figuresOf(images, "the image alone", "ms", (sample) => sample.part);
  const ratios = [...compare(wall, {}), ...compare(parts, { goal: 10 })];
  return { figures: [...wall, ...cpu, ...parts, ...sizes], ratios, skipped, notes: [judge(parts)] };
}

function compare(figures, goal) {
  const find = (name) => figures.find((figure) => figure.name === name);
  const of = (when, options) =>
    ratioOf(find(`push --builder buildah, ${when}`), find(`push, image, ${when}`), { better: "higher", ...options });
  return [of("cold", {}), of("after an edit", goal)];
}

function judge(parts) {
  const ms = median(parts.find(({ name }) => name === "push, image, after an edit").samples);
  return `Goal: after an edit the image is made in less than a second: ${ms < 1000 ? "met" : "not met"} (${ms.toFixed(0)} ms).`;
}

/** What the last build of each has made: what a registry that knows the base has to be sent. */
async function sizesOf({ truss, project, base, out, buildah }) {
  const theirs = join(out, "buildah");
  const flags = ["--target", "image", "--base", `oci:${base}:24`, "--builder", "buildah", "--out", theirs];
  const env = cleanEnv(buildah.env);
  await run(process.execPath, [truss.cli, "push", project, ...flags], { env, timeoutMs: longMs });
  const ours = readLayers(join(out, "image"));
  const built = readLayers(theirs);
  const size = (name, metric, bytes) => ({ name, metric, unit: "kB", samples: [bytes / 1000] });
  const sum = (layers) => layers.reduce((total, layer) => total + layer.size, 0);
  return [
    size("push, image", "all layers, packed", sum(ours)),
    size("push, image", "layers of an edit, packed", ours.at(-1).size),
    size("push --builder buildah", "all layers, packed", sum(built)),
    size("push --builder buildah", "layers of an edit, packed", built.at(-1).size),
  ];
}
