import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { findCredentials } from "../../../src/baseten/credentials.ts";
import { forgetLogin, keepLogin, listLogins } from "../../../src/baseten/credentials-login.ts";
import { createHome } from "./home.ts";

const remoteUrl = "https://app.baseten.co";
const windows = process.platform === "win32";
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
const moduleUrl = pathToFileURL(join(import.meta.dirname, "../../../src/baseten/credentials-login.ts")).href;
const tsx = pathToFileURL(join(import.meta.dirname, "../../../node_modules/tsx/dist/loader.mjs")).href;

/** A login in a process of its own. */
function script(home: string, remote: string, key: string, umask: number): string[] {
  const code = `process.umask(${umask}); const { keepLogin } = await import(${JSON.stringify(moduleUrl)});
    keepLogin({ remote: ${JSON.stringify(remote)}, remoteUrl: "https://app.baseten.co", key: ${JSON.stringify(key)} },
      { HOME: ${JSON.stringify(home)}, USERPROFILE: ${JSON.stringify(home)} });`;
  return ["--import", tsx, "--input-type=module", "-e", code];
}

describe("a login that is kept", () => {
  it.skipIf(windows).each([0o000, 0o022, 0o177])("is the user's alone, with the umask %o", (umask) => {
    const { home, env } = createHome();
    mkdirSync(join(home, ".config"));
    execFileSync(process.execPath, script(home, "baseten", "key", umask));
    expect(mode(join(home, ".config/truss-ts/logins/baseten.json"))).toBe("600");
    expect(mode(join(home, ".config/truss-ts/logins"))).toBe("700");
    expect(mode(join(home, ".config/truss-ts"))).toBe("700");
    expect(findCredentials({ env }).key.reveal()).toBe("key");
    expect(findCredentials({ env }).warnings).toEqual([]);
  });

  it.skipIf(windows)("takes a link's place and leaves what it points to", () => {
    const { home, env } = createHome({ "elsewhere.json": "untouched" });
    const folder = join(home, ".config/truss-ts/logins");
    mkdirSync(folder, { recursive: true });
    symlinkSync(join(home, "elsewhere.json"), join(folder, "baseten.json"));
    const file = keepLogin({ remote: "baseten", remoteUrl, key: "key" }, env);
    expect(lstatSync(file).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(home, "elsewhere.json"), "utf8")).toBe("untouched");
    expect(readdirSync(folder)).toEqual(["baseten.json"]);
  });

  it("survives others at the same time: of several remotes all, of one remote the whole of one", async () => {
    const { home, env } = createHome();
    const remotes = ["baseten", "baseten", "one", "two"];
    const children = remotes.map((remote, index) =>
      spawn(process.execPath, script(home, remote, `key-${index}-${"x".repeat(4_000)}`, 0o022), { stdio: "ignore" }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(listLogins(env)).toEqual(["baseten", "one", "two"]);
    expect(findCredentials({ env }).key.reveal()).toMatch(/^key-[01]-x{4000}$/);
    expect(readdirSync(join(home, ".config/truss-ts/logins"))).toHaveLength(3);
  });

  it("that cannot be written leaves nothing, and says what else there is", () => {
    const { home, env } = createHome({ "file.txt": "" });
    const write = (XDG_CONFIG_HOME: string) =>
      keepLogin({ remote: "baseten", remoteUrl, key: "k" }, { ...env, XDG_CONFIG_HOME });
    expect(() => write(join(home, "file.txt"))).toThrow(
      expect.objectContaining({ code: "WRITE_FAILED", hint: expect.stringContaining("BASETEN_API_KEY") }),
    );
    mkdirSync(join(home, "x/truss-ts/logins/baseten.json"), { recursive: true });
    expect(() => write(join(home, "x"))).toThrow(expect.objectContaining({ code: "WRITE_FAILED" }));
    expect(readdirSync(join(home, "x/truss-ts/logins"))).toEqual(["baseten.json"]);
  });

  it("is forgotten by its name, and nothing else is", () => {
    const { home, env } = createHome();
    const file = keepLogin({ remote: "baseten", remoteUrl, key: "k" }, env);
    writeFileSync(join(home, ".config/truss-ts/other.json"), "{}");
    expect(forgetLogin("../other", env)).toBeUndefined();
    expect(forgetLogin("none", env)).toBeUndefined();
    expect(forgetLogin("baseten", env)).toBe(file);
    expect(forgetLogin("baseten", env)).toBeUndefined();
    expect(existsSync(join(home, ".config/truss-ts/other.json"))).toBe(true);
  });
});
