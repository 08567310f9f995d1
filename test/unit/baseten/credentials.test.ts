import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { findCredentials } from "../../../src/baseten/credentials.ts";
import { keepLogin } from "../../../src/baseten/credentials-login.ts";
import { isTrussError } from "../../../src/errors.ts";
import { createHome, trussrc } from "./home.ts";

const secret = "abcdefgh.0123456789ABCDEFGHIJKLMNOPQRSTUV";
const profiles = (current: string | undefined, all: unknown) => JSON.stringify({ version: 1, current, profiles: all });
const windows = process.platform === "win32";

function find(env: Readonly<Record<string, string | undefined>>, remote?: string) {
  const { key, ...rest } = findCredentials({ env, remote });
  return { ...rest, key: key.reveal() };
}

function faultOf(env: Readonly<Record<string, string | undefined>>, remote?: string) {
  try {
    findCredentials({ env, remote });
  } catch (error) {
    if (!isTrussError(error)) throw error;
    const { code, exitCode, message, hint } = error;
    const told = inspect(error) + JSON.stringify(error) + message + String(hint);
    expect(told).not.toContain(secret);
    return { code, exitCode, message, hint };
  }
  throw new Error("credentials were found");
}

describe("where a key is looked for", () => {
  it("in this order, each one hiding those after it", () => {
    const { home, env } = createHome({
      ".trussrc": trussrc("baseten", "from-trussrc", "team = blue"),
      ".config/baseten/auth.json": profiles("me", { me: { remote_url: "https://app.x.co", api_key: "from-profile" } }),
    });
    const pair = { BASETEN_TRUSS_AUTH_REMOTE_URL: "https://app.pair.co", BASETEN_TRUSS_AUTH_API_KEY: "from-pair" };
    const profile = { BASETEN_CONFIG_DIR: join(home, ".config", "baseten") };
    keepLogin({ remote: "baseten", remoteUrl: "https://app.baseten.co", key: "from-login" }, env);
    const all = { ...env, ...profile, ...pair, BASETEN_PROFILE: "me", BASETEN_API_KEY: "from-variable" };
    expect(find(all)).toMatchObject({ key: "from-variable", source: "environment", from: "BASETEN_API_KEY" });
    expect(find({ ...all, BASETEN_API_KEY: "" })).toMatchObject({ key: "from-pair", remoteUrl: "https://app.pair.co" });
    expect(find({ ...env, ...profile, BASETEN_PROFILE: "me" })).toMatchObject({ key: "from-profile", remote: "me" });
    expect(find({ ...env, ...profile })).toMatchObject({ key: "from-login", source: "login", remote: "baseten" });
    const elsewhere = { ...env, ...profile, XDG_CONFIG_HOME: join(home, "none") };
    expect(find(elsewhere)).toMatchObject({ key: "from-trussrc", source: "trussrc", team: "blue" });
    expect(find({ ...elsewhere, USER_TRUSSRC_PATH: join(home, "none") })).toMatchObject({
      key: "from-profile",
      source: "profile",
      remoteUrl: "https://app.x.co",
    });
  });

  it("BASETEN_API_KEY alone is enough, without a home folder too", () => {
    expect(find({ BASETEN_API_KEY: ` ${secret}\n`, HOME: "" })).toMatchObject({
      key: secret,
      remoteUrl: "https://app.baseten.co",
      warnings: [],
    });
  });

  it("nothing anywhere is exit code 3 with what to do", () => {
    const { env } = createHome();
    expect(faultOf(env)).toMatchObject({ code: "AUTH_MISSING", exitCode: 3 });
    expect(faultOf(env).hint).toMatch(/truss-ts login.*BASETEN_API_KEY/);
  });

  it("half of Truss's pair is an error", () => {
    const { env } = createHome({ ".trussrc": trussrc("baseten", secret) });
    const half = { ...env, BASETEN_TRUSS_AUTH_API_KEY: secret };
    expect(faultOf(half).message).toBe("BASETEN_TRUSS_AUTH_API_KEY is set, but BASETEN_TRUSS_AUTH_REMOTE_URL is not.");
  });

  it.each([
    ["a line break inside", `${secret}\n${secret}`],
    ["a zero byte", `${secret}\0`],
    ["letters no header takes", `${secret}ł`],
    ["a whole file", secret.repeat(1_000)],
  ])("a key with %s is told of and not shown", (_name, key) => {
    expect(faultOf({ BASETEN_API_KEY: key })).toMatchObject({ code: "AUTH_MISSING", exitCode: 3 });
  });
});

describe("--remote", () => {
  const home = () =>
    createHome({
      ".trussrc": trussrc("one", "key-one") + trussrc("two", "key-two") + "[other]\nremote_provider = x\n",
    });

  it("takes a section of .trussrc, whatever the environment has", () => {
    const { env } = home();
    expect(find({ ...env, BASETEN_API_KEY: "variable" }, "two")).toMatchObject({ key: "key-two", remote: "two" });
  });

  it("is needed where .trussrc has several", () => {
    const fault = faultOf(home().env);
    expect(fault).toMatchObject({ code: "USAGE", exitCode: 2 });
    expect(fault.message).toContain("several remotes: one, two.");
  });

  it("is needed where there are several logins and none is called baseten", () => {
    const { env } = createHome();
    for (const remote of ["a", "b"])
      keepLogin({ remote, remoteUrl: "https://app.baseten.co", key: `key-${remote}` }, env);
    expect(faultOf(env)).toMatchObject({ code: "USAGE", exitCode: 2 });
    expect(find(env, "b")).toMatchObject({ key: "key-b" });
    keepLogin({ remote: "baseten", remoteUrl: "https://app.baseten.co", key: "key-default" }, env);
    expect(find(env)).toMatchObject({ key: "key-default" });
  });

  it("suggests a name that is near", () => {
    expect(faultOf(home().env, "ones").hint).toBe("did you mean one?");
    expect(faultOf(home().env, "other")).toMatchObject({ code: "AUTH_MISSING", exitCode: 3 });
  });

  it.each(["../baseten", "a/b", "", ".", "__proto__", "constructor"])("%j is no way to another file", (name) => {
    expect(faultOf(home().env, name)).toMatchObject({ exitCode: 3 });
  });

  it("a section without a key takes BASETEN_API_KEY, as with Truss", () => {
    const { env } = createHome({ ".trussrc": "[a]\nremote_provider = baseten\nremote_url = https://app.a.co\n" });
    expect(find({ ...env, BASETEN_API_KEY: secret }, "a")).toMatchObject({
      key: secret,
      remoteUrl: "https://app.a.co",
    });
    expect(faultOf(env).message).toMatch(/^The key of \[a\] in ~.\.trussrc is in the system's keyring/);
  });
});

describe("what cannot be used is told, and nobody else's key taken instead", () => {
  it.each([
    ["zero bytes", "[a]\0\napi_key = x", "it is not a text"],
    ["bytes that are no UTF-8", Buffer.from([0x5b, 0xff, 0xfe]), "it is not UTF-8"],
    ["a megabyte", Buffer.alloc(1_100_000, 32), "it has 1100000 bytes"],
    ["a key out of place", `api_key = ${secret}`, "something stands before the first [section]"],
  ])(".trussrc with %s", (_name, content, why) => {
    const { env } = createHome({
      ".trussrc": content,
      ".config/baseten/auth.json": profiles("me", { me: { api_key: "other" } }),
    });
    expect(faultOf(env).message).toContain(`cannot be read as a file of credentials: ${why}`);
  });

  it.each(["", "{", `"${secret}`, `{"api_key":"${secret}`, "null", "[]", `{"api_key":{"a":1}}`])(
    "a login of ours that holds %j",
    (content) => {
      const { env } = createHome({
        ".config/truss-ts/logins/baseten.json": content,
        ".trussrc": trussrc("a", "other"),
      });
      expect(faultOf(env)).toMatchObject({ code: "AUTH_MISSING", exitCode: 3 });
    },
  );

  it.skipIf(windows)("a folder or a pipe in the file's place", () => {
    const { home, env } = createHome();
    mkdirSync(join(home, "folder"));
    execFileSync("sh", ["-c", `mkfifo "$0"`, join(home, "pipe")]);
    expect(faultOf({ ...env, USER_TRUSSRC_PATH: join(home, "folder") }).message).toContain("it is not a file");
    expect(faultOf({ ...env, USER_TRUSSRC_PATH: "~/pipe" }).message).toContain("it is not a file");
  });

  it("keys in a keyring, and browser logins that have expired", () => {
    const oauth = (expires: number) =>
      `[a]\nremote_provider = baseten\nauth_type = oauth\noauth_access_token = ${secret}\noauth_expires_at = ${expires}\n`;
    const past = Math.floor(Date.now() / 1_000) - 10;
    expect(find(createHome({ ".trussrc": oauth(past + 3_600) }).env)).toMatchObject({ key: secret });
    expect(faultOf(createHome({ ".trussrc": oauth(past) }).env).message).toContain("has expired");
    const hidden = createHome({ ".trussrc": "[a]\nremote_provider = baseten\nauth_type = oauth\n" });
    expect(faultOf(hidden.env).message).toContain("keyring");
    const expiry = (ms: number) => ({ access_token: secret, expiry: new Date(Date.now() + ms).toISOString() });
    const cli = (profile: unknown) => {
      const { home, env } = createHome({ "cli/auth.json": profiles("me", { me: profile }) });
      return { ...env, BASETEN_CONFIG_DIR: join(home, "cli") };
    };
    expect(find(cli({ auth_type: "oauth", oauth_credential: expiry(60_000) }))).toMatchObject({ key: secret });
    expect(faultOf(cli({ auth_type: "oauth", oauth_credential: expiry(-1) })).message).toContain("has expired");
    expect(faultOf(cli({ auth_type: "api_key" })).message).toContain("keyring");
    expect(faultOf({ ...cli({}), BASETEN_PROFILE: "gone" }).message).toContain('no profile "gone"');
  });
});

describe("a key", () => {
  it("is not shown by what prints or serialises it", () => {
    const found = findCredentials({ env: { BASETEN_API_KEY: secret } });
    for (const shown of [inspect(found, { depth: 9, showHidden: true }), JSON.stringify(found), String(found.key)]) {
      expect(shown).not.toContain(secret.slice(0, 9));
      expect(shown).toContain("abcd…");
    }
  });

  it.skipIf(windows)("in a file that others may read is warned of, through a link too", () => {
    const { home, env } = createHome({ "dotfiles/rc": trussrc("a", secret) });
    symlinkSync(join(home, "dotfiles/rc"), join(home, ".trussrc"));
    expect(find(env).warnings).toEqual([]);
    chmodSync(join(home, "dotfiles/rc"), 0o644);
    expect(find(env).warnings).toEqual([
      { message: "~/.trussrc holds keys, and others may read it (mode 644).", hint: "chmod 600 ~/.trussrc" },
    ]);
  });

  it.each([
    ["http://baseten.example.com", 1],
    ["https://baseten.example.com", 0],
    ["http://localhost:8000", 0],
    ["http://127.0.0.1:8000", 0],
  ])("for %s is warned of where it would go unencrypted", (BASETEN_REMOTE_URL, count) => {
    const { warnings } = find({ BASETEN_API_KEY: secret, BASETEN_REMOTE_URL });
    expect(warnings).toHaveLength(count);
    expect(JSON.stringify(warnings)).not.toContain(secret);
  });

  it("of a file that Truss's ConfigParser wrote is read as it was", () => {
    const { home, env } = createHome();
    const text = "[baseten]\nremote_provider = baseten\nremote_url = https://app.baseten.co\napi_key = a%%b\n\n";
    writeFileSync(join(home, ".trussrc"), text);
    expect(find(env)).toMatchObject({ key: "a%b" });
    expect(readFileSync(join(home, ".trussrc"), "utf8")).toBe(text);
  });
});
