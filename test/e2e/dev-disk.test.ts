import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { createProject, descendants, isRunning, modelOf, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";
const cache = "node_modules/.cache/truss-ts";

/** A folder on a very small disk of its own; `undefined` where this user may not mount one. */
function mountSmallDisk(folder: string): boolean {
  if (process.getuid?.() !== 0) return false;
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", folder]).status === 0;
  if (mounted) onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return mounted;
}

function fill(folder: string): string {
  const file = join(folder, "fill");
  expect(() => writeFileSync(file, Buffer.alloc(1024 * 1024))).toThrow("ENOSPC");
  return file;
}

it("a disk that is full is told of; the last good model serves, comes back when it dies, and space mends all", async ({
  skip,
}) => {
  const project = createProject({ [model]: "export class Model { predict() { return process.pid; } }" });
  const dev = startDev(project);
  const { body: pid } = await dev.predict();
  const folder = join(project.dir, cache, readdirSync(join(project.dir, cache))[0] ?? "");
  // It covers the bundle too, which has to be put back then.
  skip(!mountSmallDisk(folder), "only root may mount");
  const filler = fill(folder);
  project.save(model, modelOf("new"));
  expect(await dev.event("reload_failed")).toMatchObject({
    code: "WRITE_FAILED",
    message: expect.stringContaining("ENOSPC"),
    hint: expect.stringContaining("space"),
    serving: true,
  });
  expect(await dev.predict()).toEqual({ status: 200, body: pid });
  process.kill(Number(pid), "SIGKILL");
  const held = dev.predict();
  await dev.told(/MODEL_EXITED[^]*it has ended 2 times in a row/);
  rmSync(filler);
  const { status, body } = await held;
  expect(status).toBe(200);
  expect(body).not.toBe(pid);
  project.save(model, modelOf("newer"));
  await dev.answers("newer");
  execFileSync("umount", [folder]);
  // What was written below the mount is gone as well in the end.
  expect(await dev.stop()).toBe(0);
  expect(readdirSync(join(project.dir, cache))).toEqual([]);
});

it("a folder for temporary files that is full, or is not there, is no matter", async ({ skip }) => {
  const temp = mkdtempSync(join(tmpdir(), "truss-full-"));
  onTestFinished(() => rmSync(temp, { recursive: true, force: true }));
  skip(!mountSmallDisk(temp), "only root may mount");
  fill(temp);
  for (const folder of [temp, join(temp, "nowhere")]) {
    const project = createProject({ [model]: modelOf(1) });
    const dev = startDev(project, [], { TMPDIR: folder });
    await dev.answers(1);
    project.save(model, modelOf(2));
    await dev.answers(2);
    expect(await dev.stop()).toBe(0);
  }
  expect(readdirSync(temp)).toEqual(["fill"]);
});

/** How many places the processes of a server have the system watch. */
function countWatches(pid: number): number {
  const infos = readdirSync(`/proc/${pid}/fdinfo`).map((name) => {
    try {
      return readFileSync(`/proc/${pid}/fdinfo/${name}`, "utf8");
    } catch {
      return "";
    }
  });
  return infos.join("\n").match(/^inotify wd/gm)?.length ?? 0;
}

function writeMany(folder: string, count: number): void {
  for (let group = 0; group < count / 100; group += 1) {
    mkdirSync(join(folder, String(group)), { recursive: true });
    for (let file = 0; file < 100; file += 1) writeFileSync(join(folder, String(group), `${file}.js`), "x");
  }
}

it("thousands of files in data/ and node_modules/ are not watched, and their changes start nothing", async () => {
  const project = createProject({ [model]: modelOf(1) });
  const few = startDev(project);
  await few.answers(1);
  const usual = countWatches(few.process.pid ?? 0);
  expect(usual).toBeGreaterThan(0);
  expect(await few.stop()).toBe(0);

  writeMany(join(project.dir, "data"), 20_000);
  writeMany(join(project.dir, "node_modules", "large"), 5_000);
  const dev = startDev(project);
  await dev.answers(1);
  writeMany(join(project.dir, "data", "more"), 2_000);
  rmSync(join(project.dir, "data", "7"), { recursive: true });
  project.save(model, modelOf(2));
  await dev.answers(2);
  expect(await dev.event("reloaded")).toMatchObject({ id: 2, changed: [model] });
  expect(countWatches(dev.process.pid ?? 0)).toBeLessThanOrEqual(usual + 2);
});

it("a killed server's bundles go with the next start", async () => {
  const project = createProject({ [model]: modelOf(1) });
  const first = startDev(project);
  await first.answers(1);
  const below = descendants(first.process.pid ?? 0);
  first.process.kill("SIGKILL");
  await first.exited;
  await vi.waitFor(() => expect(below.filter(isRunning)).toEqual([]), patience);
  const [left] = readdirSync(join(project.dir, cache));
  expect(left).toMatch(new RegExp(`^${first.process.pid}-`));
  const second = startDev(project);
  await second.answers(1);
  expect(readdirSync(join(project.dir, cache))).toEqual([expect.stringMatching(`^${second.process.pid}-`)]);
  expect(await second.stop()).toBe(0);
  expect(readdirSync(join(project.dir, cache))).toEqual([]);
});
