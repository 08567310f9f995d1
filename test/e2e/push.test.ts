import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createHash } from "node:crypto";
import { createTempProject } from "../unit/bundle/temp-project.ts";
import { binary, environment, makeFolder, run, start } from "./init-run.ts";
import { pushFailing, pushJson, simple } from "./push-run.ts";
import { open } from "./terminal.ts";

describe("push to an archive", () => {
  it("leaves one plain tar, and prints one object", async () => {
    const { json, out, stderr } = await pushJson(createTempProject({ ...simple, "data/a/b.txt": "hello" }));
    expect(Object.keys(json)).toEqual(["target", "digest", "path", "size", "files"]);
    expect(readdirSync(out)).toEqual([basename(json.path ?? "")]);
    expect(basename(json.path ?? "")).toBe(`test-${json.digest.slice(7, 19)}.tar`);
    const bytes = readFileSync(json.path ?? "");
    expect(bytes).toHaveLength(json.size);
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(json.digest);
    const listed = execFileSync("tar", ["tvf", json.path ?? "", "--full-time", "--utc", "--numeric-owner"], {
      encoding: "utf8",
    });
    const rows = listed
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ +/));
    expect(
      rows.map(([mode, owner, size, date, time, path]) => ({ mode, owner, date, time, path, size: Number(size) })),
    ).toEqual(
      json.files.map(({ path, size }) => ({
        mode: "-rw-r--r--",
        owner: "0/0",
        date: "1970-01-01",
        time: "00:00:00",
        path,
        size,
      })),
    );
    expect(rows.map(([, , , , , path]) => path)).toEqual([
      "config.yaml",
      "data/a/b.txt",
      "model/server.mjs",
      "model/server.mjs.map",
    ]);
    for (const said of ["5 B  data/a/b.txt", json.digest, "node run/model/server.mjs"]) expect(stderr).toContain(said);
  });

  it("writes nothing with --dry-run, and gives the same digest", async () => {
    const dir = createTempProject(simple);
    const real = await pushJson(dir);
    const dry = await pushJson(dir, ["--dry-run"]);
    expect(readdirSync(dry.out)).toEqual([]);
    expect(dry.json).toEqual({ ...real.json, path: null });
    const words = await run(["push", "--dry-run"], { cwd: dir });
    expect(words).toMatchObject({ code: 0, stdout: `${real.json.digest}\n` });
    expect(readdirSync(dir).filter((name) => name.endsWith(".tar"))).toEqual([]);
  });

  it("goes to the working directory, and its path is all that stdout has", async () => {
    const dir = createTempProject({ ...simple, "config.yaml": "model_name: 'Mein Modell / 2'\n" });
    const { code, stdout } = await run(["push"], { cwd: join(dir, "model", "..") });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mein-modell-2-[0-9a-f]{12}\.tar\n$/);
    expect(existsSync(join(dir, stdout.trimEnd()))).toBe(true);
  });

  it("gives the same bytes in another folder, on another day, with other habits", async () => {
    const files = { ...simple, "data/Z": "1", "data/a": "2", "data/ä": "3" };
    const dir = createTempProject(files);
    const first = await pushJson(dir);
    const other = createTempProject(Object.fromEntries(Object.entries(files).toReversed()), "an other ü");
    const shell = `umask 077 && exec "$0" "$@"`;
    const args = ["-c", shell, process.execPath, binary, "push", other, "--json", "--out", makeFolder()];
    const env = environment({ LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Pacific/Apia", HOME: makeFolder() });
    const result = spawnSync("sh", args, { cwd: "/", env, encoding: "utf8" });
    expect(JSON.parse(result.stdout)).toMatchObject({ digest: first.json.digest });
  });

  it("warns of a large stage, and names what makes it so", async () => {
    const dir = createTempProject({ ...simple, "data/small": "1", "data/big": "" });
    truncateSync(join(dir, "data/big"), 12_000_000);
    const { stderr } = await pushJson(dir, ["--dry-run"]);
    expect(stderr).toMatch(/12\.\d MB is a lot to push; the largest: data\/big \(12\.0 MB\)/);
  });
});

describe("push refuses", () => {
  it.each([
    [["--target", "imgae"], "did you mean image?"],
    [["--promote"], "--promote is an option of baseten; this push goes to archive."],
    [["--target", "baseten"], "--out is an option of archive, image and kubernetes; this push goes to baseten."],
    [["--promot"], "--promote"],
    [["--target", "image", "--packages", "trce"], "did you mean trace?"],
  ])("%j as a usage fault", async (args, said) => {
    const { code, stdout, stderr } = await pushFailing({}, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(said);
  });

  it("a project with faults, all of them, as check does", async () => {
    const { code, error, stderr } = await pushFailing({
      "config.yaml": "model_name: a\nresourcse: {}\n",
      "model/model.ts": "export class Model {\n  predict() {}\n  chatCompletions() {}\n}\n",
    });
    expect(code).toBe(1);
    expect(error).toMatchObject({
      code: "CONFIG_INVALID",
      line: 2,
      faults: [{ code: "CONFIG_INVALID" }, { code: "METHOD_MISNAMED", line: 3 }],
    });
    expect(stderr).toContain("❯ 3 │   chatCompletions() {}");
  });

  it("a secret, whose value it never prints", async () => {
    const secret = "correct-horse-battery-42";
    const { code, error, stdout, stderr } = await pushFailing({
      ".env": `UPSTREAM_API_KEY=${secret}\n`,
      "model/model.ts": `export class Model {\n  // here\n  predict() { return "${secret}"; }\n}\n`,
    });
    expect({ code, error }).toMatchObject({
      code: 1,
      error: { code: "STAGE_SECRET", file: "model/model.ts", line: 3 },
    });
    expect(stdout + stderr).toContain("model/model.ts:3 (the value of UPSTREAM_API_KEY in .env)");
    expect(stdout + stderr).not.toContain(secret);
  });

  it("a folder for the result that lies in what is pushed, or is none", async () => {
    const dir = createTempProject({ ...simple, "data/x": "", file: "" });
    const inside = await run(["push", "--out", "data/out"], { cwd: dir });
    expect(inside).toMatchObject({ code: 2, stdout: "" });
    expect(inside.stderr).toContain("data/out lies in data, which is pushed");
    expect(readdirSync(join(dir, "data"))).toEqual(["x"]);
    const blocked = await run(["push", "--json", "--out", "file"], { cwd: dir });
    expect(blocked.code).toBe(1);
    expect(JSON.parse(blocked.stdout)).toMatchObject({
      error: { code: "WRITE_FAILED", message: expect.stringContaining("a file is in its place") },
    });
  });

  it("a disk that is full, and leaves nothing there", async ({ skip }) => {
    const disk = makeFolder();
    const isMounted =
      process.getuid?.() === 0 && spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "none", disk]).status === 0;
    skip(!isMounted, "only root may mount");
    onTestFinished(() => void spawnSync("umount", ["-l", disk]));
    const result = await run(["push", "--out", disk], { cwd: createTempProject(simple) });
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain("its disk is full");
    expect(readdirSync(disk)).toEqual([]);
  });
});

describe("push and a person", () => {
  it("ends on Ctrl-C, and takes away what was begun", async () => {
    const dir = createTempProject({ ...simple, "data/big": "" });
    truncateSync(join(dir, "data/big"), 1_500_000_000);
    const out = makeFolder();
    const { child, ended } = start(["push", dir, "--out", out], { cwd: "/" });
    await vi.waitFor(() => expect(readdirSync(out)).toEqual([expect.stringMatching(/\.part$/)]), {
      timeout: 90_000,
      interval: 10,
    });
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toContain("INTERRUPTED");
    expect(readdirSync(out)).toEqual([]);
  });

  it("asks for a name that a target needs, and writes it down with all comments", async () => {
    const dir = createTempProject({ ...simple, "config.yaml": "# mine\nresources:\n  cpu: '1' # one\n" });
    const env = { BASETEN_API_KEY: undefined, HOME: makeFolder() };
    const silent = await run(["push", "--target", "baseten", "--json"], { cwd: dir, env });
    expect(silent).toMatchObject({ code: 2, stdout: "" });
    expect(silent.stderr).toContain("model_name");
    const terminal = open(["push", "--target", "baseten"], { cwd: dir, env });
    await terminal.sees("What shall the model be called?");
    terminal.types("night owl\r");
    expect(await terminal.ended).toBe(3);
    expect(readFileSync(join(dir, "config.yaml"), "utf8")).toBe(
      `model_name: "night owl"\n# mine\nresources:\n  cpu: '1' # one\n`,
    );
  });

  it("explains itself, one target at a time where one is named", async () => {
    const all = await run(["push", "--help"], { cwd: "/" });
    for (const said of ["Options of archive", "Options of baseten", "$ truss-ts push --dry-run", ".trussignore"]) {
      expect(all.stdout).toContain(said);
    }
    const one = await run(["push", "--target", "archive", "--help"], { cwd: "/" });
    expect(one.stdout).toContain("--out <dir>");
    expect(one.stdout).not.toContain("--promote");
  });
});

describe("push with another Node", () => {
  it("gives the same bytes", async ({ skip }) => {
    const node = findNode24();
    skip(node === undefined, "Node 24 comes with `npm test -- clients`");
    const dir = createTempProject({ ...simple, "data/a": "1" });
    const { json } = await pushJson(dir);
    const out = makeFolder();
    const result = spawnSync(node ?? "", [binary, "push", dir, "--json", "--out", out], {
      cwd: "/",
      env: environment(),
      encoding: "utf8",
    });
    expect(JSON.parse(result.stdout)).toMatchObject({ digest: json.digest, files: json.files });
  });
});

function findNode24(): string | undefined {
  const given = process.env["TRUSS_TS_OTHER_NODE"];
  if (given !== undefined) return given;
  const cache = join(import.meta.dirname, "../../node_modules/.cache");
  const folders = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith("node-2")) : [];
  return folders
    .map((name) => join(cache, name, "node_modules", `node-${process.platform}-${process.arch}`, "bin/node"))
    .find((file) => existsSync(file));
}
