import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { spawn } from "@lydell/node-pty";
import { expect, it, onTestFinished, vi } from "vitest";
import { createProject, modelOf, patience, startDev } from "./dev-server.ts";

const bin = fileURLToPath(new URL("../../bin/truss-ts.js", import.meta.url));
const model = "model/model.ts";

const curlInNode = `
  const [url, flag, header, data, body] = process.argv.slice(1);
  if (flag !== "-H" || data !== "-d") throw new Error(process.argv.join(" "));
  const [name, value] = header.split(": ");
  fetch(url, { method: "POST", headers: { [name]: value }, body }).then((a) => a.text()).then((t) => process.stdout.write(t));
`;

function openTerminal(dir: string, env: NodeJS.ProcessEnv = {}, cols = 60) {
  const terminal = spawn(process.execPath, [bin, "dev", dir, "--port", "0"], {
    cols,
    rows: 30,
    env: { ...process.env, CI: "", TERM: "xterm-256color", NO_COLOR: "", ...env },
  });
  let raw = "";
  terminal.onData((data) => (raw += data));
  const exited = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  let gone = false;
  void exited.then(() => (gone = true));
  onTestFinished(() => {
    if (!gone) terminal.kill("SIGKILL");
  });
  const seen = (what: RegExp) => vi.waitFor(() => expect(stripVTControlCharacters(raw)).toMatch(what), patience);
  return { terminal, exited, seen, raw: () => raw };
}

it("on a terminal: says where it serves, obeys its keys, and Ctrl-C ends it", async () => {
  const project = createProject({ [model]: modelOf(1, '  load() { console.log("reading weights"); }\n') });
  const { terminal, exited, seen, raw } = openTerminal(project.dir);
  // What the model prints comes by another way than what is told of it.
  await seen(/│ reading weights/);
  await seen(/ready in \d+ ms {2}http:\/\/127\.0\.0\.1:\d+[^]*curl http[^]*h \+ Enter: shortcuts/);
  expect(raw()).toContain("\u001b[");
  terminal.write("r\r");
  await seen(/reloaded by hand in \d+ ms/);
  terminal.write("h\r");
  await seen(/q \+ Enter {2}quit/);
  project.save(model, "export class Model {");
  await seen(/BUILD_FAILED[^]*model\/model\.ts:1[^]*❯ 1 │ export class Model \{[^]*last good model goes on serving/);
  terminal.write("\u0003");
  expect(await exited).toBe(0);
  await seen(/stopped/);
});

it("on a terminal: q ends it too, and NO_COLOR is obeyed", async () => {
  const project = createProject({ [model]: modelOf(1) });
  const { terminal, exited, seen, raw } = openTerminal(project.dir, { NO_COLOR: "1" });
  await seen(/ready in/);
  terminal.write("q\r");
  expect(await exited).toBe(0);
  expect(raw()).not.toContain("\u001b[3");
});

it("on a narrow terminal: the mark stands below the fault; words do what keys do; Ctrl-D ends it", async () => {
  const project = createProject({ [model]: modelOf(1) });
  const { terminal, exited, seen, raw } = openTerminal(project.dir, { NO_COLOR: "1" }, 40);
  await seen(/ready in/);
  terminal.write("reload\r");
  await seen(/reloaded by hand in \d+ ms/);
  terminal.write("ll\r");
  await seen(/predict {2}\/predict[^]*predict {2}\/predict/);
  project.save(model, `export class Model { predict() { return ${"1 + ".repeat(30)} nothing nothing; } }\n`);
  await seen(/BUILD_FAILED[^]*❯ 1 │ [^]*\^/);
  const lines = stripVTControlCharacters(raw()).split(/\r?\n/);
  const at = lines.findIndex((line) => line.startsWith("  ❯ 1 │"));
  expect(lines[at]?.length).toBeLessThanOrEqual(40);
  expect(lines[at]?.slice(lines[at + 1]?.indexOf("^"))).toMatch(/^nothing;/);
  terminal.write("\u0004");
  expect(await exited).toBe(0);
});

it("in CI: a terminal gets the plain story, and no keys are listened to", async () => {
  const project = createProject({ [model]: modelOf(1) });
  const { terminal, exited, seen, raw } = openTerminal(project.dir, { CI: "true" });
  await seen(/ready in/);
  terminal.write("q\r");
  project.save(model, modelOf(2));
  await seen(/reloaded model\/model\.ts in \d+ ms/);
  expect(raw()).not.toContain("shortcuts");
  expect(raw()).not.toContain("\u001b[");
  terminal.write("\u0003");
  expect(await exited).toBe(0);
});

it("elsewhere: the ready block on stdout, the story on stderr, and the printed line works as it stands", async () => {
  const project = createProject({
    [model]: "export class Model { predict(input: { prompt: string }) { return input.prompt.toUpperCase(); } }",
  });
  const dev = startDev(project, ["--non-interactive"], {}, false);
  const line = await vi.waitFor(() => {
    const found = /^curl .*$/m.exec(dev.stdout)?.[0];
    if (found === undefined) throw new Error(dev.stdout + dev.stderr);
    return found;
  }, patience);
  // The shell takes the line apart; Node stands in for curl, which not every machine has.
  const { stdout } = await promisify(execFile)("sh", ["-c", `curl() { node -e "$SCRIPT" -- "$@"; }; ${line}`], {
    env: { ...process.env, SCRIPT: curlInNode },
  });
  expect(stdout).toBe('"HELLO"');
  await vi.waitFor(() => expect(dev.stderr).toMatch(/POST \/predict 200 \d+ ms/), patience);
  expect(await dev.stop()).toBe(0);
  expect(dev.stderr).toMatch(/stopped\n$/);
  expect(dev.stdout + dev.stderr).not.toContain("\u001b");
});

it("tells of --help without a project", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [bin, "dev", "--help"], { cwd: "/" });
  for (const word of [
    "--port",
    "--strict-port",
    "--host",
    "--reload",
    "--environment",
    "--inspect",
    "--open",
    "--json",
  ]) {
    expect(stdout).toContain(word);
  }
});
