import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { goodKey, send, startFake } from "./account-server.ts";
import { type RunOptions, binary, environment, makeFolder, run, start } from "./init-run.ts";
import { ctrlC, enter, open } from "./terminal.ts";

const badKey = "badbad00.zyxwvutsrqponmlkjihgfedcba9876543210";
const loginFile = ".config/truss-ts/logins/baseten.json";

async function setUp(routes = {}) {
  const home = makeFolder();
  const fake = await startFake(routes, home);
  const command = async (args: readonly string[], env = {}) => {
    const result = await run(args, { cwd: home, env: { ...fake.env, ...env } });
    expect(result.stdout + result.stderr).not.toContain(goodKey);
    expect(result.stdout + result.stderr).not.toContain(badKey);
    return result;
  };
  return { home, fake, command };
}

describe("login", () => {
  test("keeps a key that Baseten accepts, for the user alone", async () => {
    const { home, fake, command } = await setUp();
    const { code, stdout, stderr } = await command(["login", "--api-key", goodKey, "--non-interactive"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Logged in as ada@example.com in analytics\n" });
    expect(stderr).toBe(`The key is kept in ~/${loginFile}\n`);
    expect(JSON.parse(readFileSync(join(home, loginFile), "utf8"))).toEqual({
      remote_url: "https://app.baseten.co",
      api_key: goodKey,
    });
    if (process.platform !== "win32") expect(statSync(join(home, loginFile)).mode & 0o777).toBe(0o600);
    expect(fake.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /v1/users/me"]);
    expect(fake.seen[0]?.headers["user-agent"]).toMatch(/^truss-ts\/\S+ \(Node\/\S+; \S+\)$/);
  });

  test.each([
    ["a key that is refused", ["--api-key", badKey], {}, 3],
    ["a key that may not", ["--api-key", goodKey], { "GET /v1/users/me": denied }, 3],
    ["a platform that fails", ["--api-key", goodKey], { "GET /v1/users/me": broken }, 6],
    ["no key and nobody to ask", [], {}, 2],
    ["an empty key", ["--api-key", " "], {}, 2],
    ["a key with a line break", ["--api-key", `${badKey}\nx`], {}, 2],
    ["two ways to give it", ["--api-key", badKey, "--api-key-stdin"], {}, 2],
    ["a name that is a path", ["--api-key", badKey, "--remote", "../x"], {}, 2],
    ["an address that is none", ["--api-key", badKey, "--remote-url", "nowhere"], {}, 2],
  ])("with %s keeps nothing", async (_name, args, routes, code) => {
    const { home, command } = await setUp(routes);
    const result = await command(["login", ...args]);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain("✖");
    expect(existsSync(join(home, ".config"))).toBe(false);
  });

  test("leaves an earlier login as it was when the new key is refused", async () => {
    const { home, command } = await setUp();
    await command(["login", "--api-key", goodKey]);
    const before = readFileSync(join(home, loginFile), "utf8");
    expect(await command(["login", "--api-key", badKey, "--json"])).toMatchObject({ code: 3 });
    expect(readFileSync(join(home, loginFile), "utf8")).toBe(before);
  });

  test("says so where Baseten cannot be reached", async () => {
    const { home, command } = await setUp();
    const nowhere = { BASETEN_MANAGEMENT_API_URL_OVERRIDE: "http://127.0.0.1:1" };
    const { code, stderr } = await command(["login", "--api-key", goodKey], nowhere);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("NETWORK_FAILED") });
    expect(existsSync(join(home, ".config"))).toBe(false);
  });

  test.each([["--api-key", "-"], ["--api-key-stdin"]])("takes the key from stdin: %s", async (...args) => {
    const { home, fake } = await setUp();
    const { child, ended } = start(["login", ...args, "--json"], { cwd: home, env: fake.env });
    child.stdin?.end(`${goodKey}\r\n`);
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      workspace: "analytics",
      email: "ada@example.com",
      name: "Ada",
      user_id: "u1",
      remote: "baseten",
      remote_url: "https://app.baseten.co",
      file: join(home, loginFile),
    });
  });

  test("warns of a variable that comes before it", async () => {
    const { command } = await setUp();
    const { stderr } = await command(["login", "--api-key", goodKey], { BASETEN_API_KEY: badKey });
    expect(stderr).toContain("! BASETEN_API_KEY is set and comes before this login. (unset it to use the login)");
  });

  test("that cannot be kept fails and leaves nothing half made", async () => {
    const { home, command } = await setUp();
    writeFileSync(join(home, ".config"), "");
    const { code, stderr } = await command(["login", "--api-key", goodKey]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("WRITE_FAILED") });
    expect(readdirSync(home)).toEqual([".config"]);
  });
});

describe("whoami", () => {
  test("says whose key it is and where it comes from", async () => {
    const { home, command } = await setUp();
    writeFileSync(join(home, ".trussrc"), `[baseten]\nremote_provider = baseten\napi_key = ${goodKey}\n`);
    chmodSync(join(home, ".trussrc"), 0o644);
    const { code, stdout, stderr } = await command(["whoami"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^workspace {2}analytics\nemail {6}ada@example.com\n/);
    expect(stdout).toContain("key        good… from [baseten] in ~/.trussrc\n");
    if (process.platform !== "win32") expect(stderr).toContain("chmod 600 ~/.trussrc");
    const asked = await command(["whoami", "--json"], { BASETEN_API_KEY: goodKey });
    expect(JSON.parse(asked.stdout)).toMatchObject({
      workspace: "analytics",
      email: "ada@example.com",
      source: "environment",
      from: "BASETEN_API_KEY",
      file: null,
      key: "good…",
    });
  });

  test("without a key, or with one that is refused, is exit code 3", async () => {
    const { command, fake } = await setUp();
    const none = await command(["whoami", "--json"]);
    expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining("truss-ts login") });
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: "AUTH_MISSING" } });
    expect(fake.seen).toEqual([]);
    const refused = await command(["whoami"], { BASETEN_API_KEY: badKey });
    expect(refused).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("BASETEN_API_KEY") });
  });

  test("ends by Ctrl-C while Baseten is silent", async () => {
    const { home, fake } = await setUp({ "GET /v1/users/me": () => new Promise(() => {}) });
    const { child, ended } = start(["whoami"], { cwd: home, env: { ...fake.env, BASETEN_API_KEY: goodKey } });
    await expect.poll(() => fake.seen.length, { timeout: 30_000 }).toBe(1);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "" });
  });
});

describe("logout", () => {
  test("forgets the login and says what is left", async () => {
    const { home, command } = await setUp();
    await command(["login", "--api-key", goodKey]);
    const { stdout, stderr } = await command(["logout"], { BASETEN_API_KEY: badKey });
    expect(stdout).toBe(`Forgot ~/${loginFile}\n`);
    expect(stderr).toBe("A key is still found: BASETEN_API_KEY\n");
    expect(existsSync(join(home, loginFile))).toBe(false);
    const again = await command(["logout", "--json"]);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual({ removed: false, remote: "baseten", file: null, still_from: null });
  });

  test("takes the one that is named", async () => {
    const { home, command } = await setUp();
    for (const remote of ["one", "two"]) await command(["login", "--api-key", goodKey, "--remote", remote]);
    expect(await command(["logout"])).toMatchObject({ code: 2, stderr: expect.stringContaining("one, two") });
    expect(await command(["logout", "--remote", "one"])).toMatchObject({ code: 0 });
    expect(readdirSync(join(home, ".config/truss-ts/logins"))).toEqual(["two.json"]);
  });
});

describe("login on a terminal", () => {
  test("asks for the key and does not show it", async () => {
    const { home, fake } = await setUp();
    const terminal = open(["login"], { cwd: home, env: fake.env });
    await terminal.sees("API key");
    terminal.types(`${goodKey}${enter}`);
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain("Logged in as ada@example.com");
    expect(terminal.screen()).not.toContain(goodKey.slice(9, 20));
    expect(existsSync(join(home, loginFile))).toBe(true);
  });

  test("is left by Ctrl-C", async () => {
    const { home, fake } = await setUp();
    const terminal = open(["login"], { cwd: home, env: fake.env });
    await terminal.sees("API key");
    terminal.types(ctrlC);
    expect(await terminal.ended).toBe(130);
    expect(existsSync(join(home, ".config"))).toBe(false);
    expect(fake.seen).toEqual([]);
  });
});

/** Only root may become somebody else, who must be able to read the command. */
const strangers = { uid: 61_234, gid: 61_234 };
const asStranger = spawnSync(process.execPath, [binary, "--version"], { ...strangers, cwd: "/" }).status === 0;

test.skipIf(!asStranger)("a user whom the machine does not know and who has no home is told what to do", async () => {
  const { home, fake } = await setUp();
  const env = { ...fake.env, HOME: undefined };
  const runAs = (...args: string[]) => runAsNobody(args, { cwd: home, env });
  const none = await runAs("whoami");
  expect(none).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("AUTH_MISSING") });
  const login = await runAs("login", "--api-key", goodKey);
  expect(login).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("set HOME or XDG_CONFIG_HOME"),
  });
  expect(await runAs("logout")).toMatchObject({ code: 0 });
});

test.skipIf(process.platform !== "linux")("a key on the command line is not in the list of processes", async () => {
  const { home, fake } = await setUp({ "GET /v1/users/me": () => new Promise(() => {}) });
  const { child, ended } = start(["login", "--api-key", goodKey], { cwd: home, env: fake.env });
  await expect.poll(() => fake.seen.length, { timeout: 30_000 }).toBe(1);
  expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).toMatch(/^truss-ts login/);
  expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).not.toContain(goodKey);
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: 130 });
});

/** Under a user id that no account has. */
async function runAsNobody(args: readonly string[], { cwd, env }: RunOptions) {
  const child = spawn(process.execPath, [binary, ...args], { cwd, env: environment(env), ...strangers });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, code };
}

function denied(_request: unknown, answer: Parameters<typeof send>[0]): void {
  send(answer, 403, { error: "no rights" });
}

function broken(_request: unknown, answer: Parameters<typeof send>[0]): void {
  answer.writeHead(200).end("<html>maintenance</html>");
}
