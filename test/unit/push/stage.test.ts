import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { streamArchive } from "../../../src/push/archive.ts";
import { createTempProject, pathsOf, plainModel, put, stageFolder, stageOf, textOf } from "./stage-project.ts";

const own = new Set(["config.yaml", "model/server.mjs", "model/server.mjs.map"]);
const withoutOwn = (paths: readonly string[]) => paths.filter((path) => !own.has(path));

describe("what is staged", () => {
  it("is the bundle, the config, what lies beside the sources, and data", async () => {
    const { stage } = await stageOf({
      "model/model.ts": 'import { two } from "./two.ts";\nexport class Model { predict() { return two; } }',
      "model/two.ts": "export const two = 2;",
      "model/two.test.ts": "",
      "model/types.d.ts": "",
      "model/prompts/system prompt.txt": "You are",
      "model/wörter.json": "{}",
      "model/empty": "",
      "data/a/b.bin": "\0\u0001",
      "src/unused.ts": "",
      "README.md": "",
      "package.json": '{"type":"module"}',
    });
    expect(pathsOf(stage)).toEqual([
      "config.yaml",
      "data/a/b.bin",
      "model/empty",
      "model/prompts/system prompt.txt",
      "model/server.mjs",
      "model/server.mjs.map",
      "model/wörter.json",
    ]);
    expect(stage.size).toBe(stage.files.reduce((sum, { size }) => sum + size, 0));
    expect(stage.installation).toBeUndefined();
    expect(await textOf(stage, "config.yaml")).toContain("start_command: node /app/model/server.mjs");
  });

  it("has one name for each folder, whatever the project calls it", async () => {
    const { stage } = await stageOf({
      "config.yaml": "model_name: m\nmodel_module_dir: src/ml\ndata_dir: assets/big\n",
      "src/ml/model.ts": "export class Model { predict() {} }",
      "src/ml/labels.txt": "a",
      "assets/big/x": "1",
    });
    expect(withoutOwn(pathsOf(stage))).toEqual(["data/x", "model/labels.txt"]);
    expect(await textOf(stage, "config.yaml")).toContain("model_module_dir: model\ndata_dir: data\n");
  });

  it("is never what is private by its name; that is told", async () => {
    const more = ["prod.env", "id_ed25519_sk", ".pgpass", ".htpasswd", "x.tfstate"];
    const secret = [
      ...more,
      ".env",
      ".env.local",
      "x/.npmrc",
      "id_rsa",
      "tls.PEM",
      "my.key",
      ".ssh/config",
      "credentials.json",
    ];
    const junk = [".git/HEAD", "node_modules/a/index.js", ".DS_Store", "__pycache__/a.pyc", ".gitignore"];
    const { stage, warnings } = await stageOf(
      Object.fromEntries(
        [...secret, ...junk].flatMap((path) => [
          [`data/${path}`, "x"],
          [`model/${path}`, "x"],
        ]),
      ),
    );
    expect(withoutOwn(pathsOf(stage))).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/^Left out, as such names belong to secrets: model\/\.env/)]);
    expect(warnings[0]).toContain("and 23 more");
  });

  it("leaves out what both ignore files name, as a .gitignore would", async () => {
    const { stage, warnings } = await stageOf({
      ".trussignore": "\uFEFF# big\n*.bin\n!keep.bin\n/data/old/\n\n",
      ".truss_ignore": "notes.md\r\nModel/\r\n",
      "data/a.bin": "",
      "data/keep.bin": "",
      "data/old/x": "",
      "data/sub/data/old/y": "",
      "model/notes.md": "",
    });
    expect(withoutOwn(pathsOf(stage))).toEqual(["data/keep.bin", "data/sub/data/old/y"]);
    expect(warnings).toEqual([]);
  });

  it("follows links inside the project, and refuses others by name", async () => {
    const { root, stage } = await stageOf({ "shared/words.txt": "a b", "data/x": "" });
    symlinkSync("../shared/words.txt", join(root, "data/words.txt"));
    symlinkSync("../shared", join(root, "data/folder"));
    const { stage: linked } = await stageFolder(root);
    expect(withoutOwn(pathsOf(linked))).toEqual(["data/folder/words.txt", "data/words.txt", "data/x"]);
    expect(linked.digest).not.toBe(stage.digest);
    symlinkSync("/etc/hostname", join(root, "data/host"));
    await expect(stageFolder(root)).rejects.toMatchObject({
      code: "STAGE_CONFLICT",
      message: "data/host is a link to /etc/hostname, outside of the project.",
    });
    put(root, ".trussignore", "host\n");
    symlinkSync("nowhere", join(root, "data/dangling"));
    await expect(stageFolder(root)).rejects.toMatchObject({ message: "data/dangling is a link that leads nowhere." });
    put(root, ".trussignore", "host\ndangling\n");
    symlinkSync("..", join(root, "data/up"));
    await expect(stageFolder(root)).rejects.toMatchObject({ message: expect.stringContaining("that it lies in") });
    put(root, ".trussignore", "host\ndangling\nup\n");
    put(root, ".env", "API_KEY=hidden-value-1\n");
    symlinkSync("../.env", join(root, "data/settings"));
    const last = await stageFolder(root);
    expect(pathsOf(last.stage)).not.toContain("data/settings");
    expect(last.warnings[0]).toContain("data/settings");
  });

  it("is no socket; that is told", async () => {
    const { root } = await stageOf({ "data/x": "" });
    const server = createServer().listen(join(root, "data/s.sock"));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { stage, warnings } = await stageFolder(root);
    expect(withoutOwn(pathsOf(stage))).toEqual(["data/x"]);
    expect(warnings).toEqual(["Left out, as they are no files: data/s.sock"]);
  });

  it("keeps from Truss's defaults what goes by such a name, and says so unless the project does", async () => {
    const files = { "data/build/x": "", "model/lib/a b/foo.log": "", "data/libx.so": "", "data/y": "" };
    const { stage, warnings } = await stageOf(files);
    expect(withoutOwn(pathsOf(stage))).toEqual([".truss_ignore", ...Object.keys(files).toSorted()]);
    expect((await textOf(stage, ".truss_ignore")).split("\n")).toEqual([
      "!/data/build/",
      "!/data/libx.so",
      "!/model/lib/",
      "!/model/lib/a?b/foo.log",
      "",
    ]);
    expect(warnings).toEqual([expect.stringContaining("data/build/x, data/libx.so, model/lib/a b/foo.log")]);
    const asked = await stageOf({ ...files, ".truss_ignore": "!build/\n!lib/\n!*.log\n!*.so\n" });
    expect(asked.stage.digest).toBe(stage.digest);
    expect(asked.warnings).toEqual([]);
  });

  it("refuses a file of the project where one of ours goes", async () => {
    await expect(stageOf({ "model/server.mjs": "" })).rejects.toMatchObject({
      code: "STAGE_CONFLICT",
      message: "push makes a file of its own at model/server.mjs, where the project has one.",
    });
  });
});

describe("the digest", () => {
  it("is of the content: not of folder, dates, permissions of others, or order of making", async () => {
    const files = { "data/z/ü.txt": "1", "data/a": "2", "data/Z": "3", "model/x.json": "{}" };
    const { root, stage } = await stageOf(files);
    const twin = createTempProject(
      Object.fromEntries(Object.entries({ ...plainModel, ...files }).toReversed()),
      "twin ü",
    );
    for (const path of Object.keys(files)) {
      chmodSync(join(twin, path), 0o600);
      utimesSync(join(twin, path), 1, 1);
    }
    const other = await stageFolder(twin);
    expect(other.stage.digest).toBe(stage.digest);
    const moved = `${root}-moved`;
    renameSync(root, moved);
    onTestFinished(() => renameSync(moved, root));
    expect((await stageFolder(moved)).stage.digest).toBe(stage.digest);
    chmodSync(join(moved, "data/a"), 0o755);
    expect((await stageFolder(moved)).stage.digest).not.toBe(stage.digest);
  });

  it("belongs to an archive that GNU tar and Python read", async () => {
    const long = `data/${"long folder/".repeat(30)}${"n".repeat(200)}`;
    const files = {
      [long]: "far",
      "data/日本語.txt": "jp",
      "data/empty": "",
      "data/with\nline": "x",
      [`data/${"d".repeat(110)}/é`]: "e",
    };
    const { root, stage } = await stageOf(files);
    const pieces: Uint8Array[] = [];
    for await (const piece of streamArchive(stage.files)) pieces.push(piece);
    const tar = join(root, "out.tar");
    writeFileSync(tar, Buffer.concat(pieces));
    expect(Buffer.concat(pieces)).toHaveLength(stage.archiveSize);
    const unpacked = join(root, "unpacked");
    mkdirSync(unpacked);
    execFileSync("tar", ["xf", tar, "-C", unpacked]);
    for (const [path, text] of Object.entries(files)) {
      expect(execFileSync("cat", [join(unpacked, path)], { encoding: "utf8" })).toBe(text);
    }
    const script =
      "import json,sys,tarfile\nprint(json.dumps([[m.name,m.size,m.mode,m.mtime,m.uid,m.uname,m.isreg()] for m in tarfile.open(sys.argv[1])]))";
    if (!hasPython()) return;
    const listed: unknown = JSON.parse(execFileSync("python3", ["-c", script, tar], { encoding: "utf8" }));
    expect(listed).toEqual(stage.files.map(({ path, size }) => [path, size, 0o644, 0, 0, "", true]));
  });

  it("is refused for a file that changes meanwhile", async () => {
    const { root, stage } = await stageOf({ "data/log": "one" });
    writeFileSync(join(root, "data/log"), "one two");
    const read = async () => {
      for await (const piece of streamArchive(stage.files)) void piece;
    };
    await expect(read()).rejects.toMatchObject({
      code: "STAGE_CONFLICT",
      message: "data/log changed while it was read.",
    });
    writeFileSync(join(root, "data/log"), "o");
    await expect(read()).rejects.toMatchObject({ message: "data/log changed while it was read." });
  });
});

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", ""]);
    return true;
  } catch {
    return false;
  }
}
