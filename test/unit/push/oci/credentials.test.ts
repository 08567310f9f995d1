import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findCredentials } from "../../../../src/push/oci/registry/credentials.ts";

const auth = (text: string) => Buffer.from(text).toString("base64");

function makeHome(files: Readonly<Record<string, unknown>>) {
  const home = mkdtempSync(join(tmpdir(), "truss-ts-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(home, path, ".."), { recursive: true });
    writeFileSync(join(home, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return home;
}

/** A real `docker-credential-NAME` on the PATH. */
function addHelper(home: string, name: string, script: string): string {
  const file = join(home, "bin", `docker-credential-${name}`);
  mkdirSync(join(home, "bin"), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return [join(home, "bin"), process.env["PATH"]].join(delimiter);
}

async function find(registry: string, name: string, env: NodeJS.ProcessEnv) {
  const warnings: string[] = [];
  const found = await findCredentials({ registry, name }, (event) => warnings.push(JSON.stringify(event)), env);
  return { found, warnings };
}

describe("credentials", () => {
  it.each([
    ["ghcr.io", { "ghcr.io": { auth: auth("me:p:w") } }, "p:w"],
    ["ghcr.io", { "https://ghcr.io": { auth: auth("me:pw") } }, "pw"],
    ["ghcr.io", { "https://ghcr.io/v2/": { username: "me", password: "pw" } }, "pw"],
    ["docker.io", { "https://index.docker.io/v1/": { auth: auth("me:hub\0\0") } }, "hub"],
    ["127.0.0.1:5000", { "127.0.0.1:5000": { auth: auth("me:pw") } }, "pw"],
    // podman's: the longest name that fits counts.
    ["quay.io", { "quay.io": { auth: auth("me:all") }, "quay.io/team": { auth: auth("me:team") } }, "team"],
  ])("of %s from %j", async (registry, auths, password) => {
    const home = makeHome({ ".docker/config.json": { auths } });
    const { found } = await find(registry, "team/model", { HOME: home });
    expect(found).toEqual({ kind: "password", username: "me", password });
  });

  it("are of one registry alone, and a broken file is none", async () => {
    const auths = { "ghcr.io": { auth: auth("me:pw") }, "example.com": { auth: "" }, "odd.example.com": 7 };
    const home = makeHome({ ".docker/config.json": { auths }, ".config/containers/auth.json": "{ not json" });
    for (const registry of ["ghcr.io.example.com", "io", "example.com", "odd.example.com"]) {
      expect((await find(registry, "a", { HOME: home })).found).toBeUndefined();
    }
  });

  it("are looked for where docker and podman keep them, what is named by a variable first", async () => {
    const file = (password: string) => ({ auths: { "ghcr.io": { auth: auth(`me:${password}`) } } });
    const home = makeHome({
      "asked.json": file("asked"),
      "docker/config.json": file("docker"),
      "run/containers/auth.json": file("run"),
      ".config/containers/auth.json": file("podman"),
    });
    const at = (name: string) => join(home, name);
    const variables: NodeJS.ProcessEnv[] = [
      { HOME: home },
      { HOME: home, XDG_RUNTIME_DIR: at("run") },
      { HOME: home, XDG_RUNTIME_DIR: at("run"), DOCKER_CONFIG: at("docker") },
      { HOME: home, XDG_RUNTIME_DIR: at("run"), DOCKER_CONFIG: at("docker"), REGISTRY_AUTH_FILE: at("asked.json") },
    ];
    const passwords = [];
    for (const env of variables) passwords.push((await find("ghcr.io", "a/b", env)).found);
    expect(passwords).toMatchObject(["podman", "run", "docker", "asked"].map((password) => ({ password })));
  });

  it("come from credential helpers, which are asked for the server by its name", async () => {
    const home = makeHome({
      ".docker/config.json": {
        credsStore: "all",
        credHelpers: { "ghcr.io": "one" },
        auths: { "quay.io": { auth: auth("me:file") } },
      },
    });
    const answer = 'read server; echo "{\\"Username\\":\\"$1-NAME\\",\\"Secret\\":\\"for $server\\"}"';
    addHelper(home, "one", answer.replace("NAME", "one"));
    const path = addHelper(
      home,
      "all",
      `read server; [ "$server" = quay.io ] && echo "credentials not found in native keychain" && exit 1
       if [ "$server" = token.example.com ]; then echo '{"Username":"<token>","Secret":"refresh"}'; exit; fi
       echo "{\\"Username\\":\\"$1-all\\",\\"Secret\\":\\"for $server\\"}"`,
    );
    const env = { HOME: home, PATH: path };
    expect((await find("ghcr.io", "a", env)).found).toEqual({
      kind: "password",
      username: "get-one",
      password: "for ghcr.io",
    });
    expect((await find("docker.io", "library/a", env)).found).toMatchObject({
      password: "for https://index.docker.io/v1/",
    });
    expect((await find("token.example.com", "a", env)).found).toEqual({ kind: "token", token: "refresh" });
    // What the helper does not know may stand in the file; that is no fault.
    expect(await find("quay.io", "a", env)).toEqual({
      found: { kind: "password", username: "me", password: "file" },
      warnings: [],
    });
  });

  it("a helper that fails or is not there is told of, without what it printed; names that are none are not run", async () => {
    const home = makeHome({
      ".docker/config.json": { credHelpers: { "a.io": "gone", "b.io": "bad", "c.io": "../evil" } },
    });
    const path = addHelper(home, "bad", 'echo "s3cret"; exit 3');
    const env = { HOME: home, PATH: path };
    expect((await find("a.io", "x", env)).warnings.join()).toContain("there is no such program");
    const { found, warnings } = await find("b.io", "x", env);
    expect(found).toBeUndefined();
    expect(warnings.join()).toContain("exit code 3");
    expect(warnings.join()).not.toContain("s3cret");
    expect(await find("c.io", "x", env)).toEqual({ found: undefined, warnings: [] });
  });
});
