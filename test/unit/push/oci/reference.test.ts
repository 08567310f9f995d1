import { describe, expect, it } from "vitest";
import { parseBaseName } from "../../../../src/push/oci/open-base.ts";
import { formatReference, parseReference } from "../../../../src/push/oci/reference.ts";
import { isLoopback } from "../../../../src/push/oci/registry/loopback.ts";
import { parseChallenges } from "../../../../src/push/oci/registry/challenge.ts";

const hex = "a".repeat(64);

describe("references", () => {
  it.each([
    ["node", "docker.io/library/node:latest"],
    ["node:24-slim", "docker.io/library/node:24-slim"],
    ["team/model", "docker.io/team/model:latest"],
    ["index.docker.io/library/node:1", "docker.io/library/node:1"],
    ["localhost/model", "localhost/model:latest"],
    ["localhost:5000/model:2", "localhost:5000/model:2"],
    ["127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest"],
    ["[::1]:5000/model", "[::1]:5000/model:latest"],
    ["ghcr.io/o__rg/m-o.d_el:v1.2-rc.1", "ghcr.io/o__rg/m-o.d_el:v1.2-rc.1"],
    [`quay.io/a/b@sha256:${hex}`, `quay.io/a/b@sha256:${hex}`],
    [`quay.io/a/b:1@sha256:${hex}`, `quay.io/a/b:1@sha256:${hex}`],
  ])("%s is %s", (text, whole) => expect(formatReference(parseReference(text, "--image"))).toBe(whole));

  it.each([
    ["", "no repository"],
    ["https://ghcr.io/a/b", "protocol"],
    ["ghcr.io/Team/Model:1", "did you mean ghcr.io/team/model:1?"],
    ["ghcr.io/a/b:", "no tag"],
    ["ghcr.io/a/b:-x", "no tag"],
    [`ghcr.io/a/b:${"x".repeat(129)}`, "no tag"],
    ["ghcr.io/a/../b", "no name"],
    ["ghcr.io/a//b", "no name"],
    ["ghcr.io/a b", "no name"],
    ["ghcr.io/a/b@sha256:1234", "no sha256 digest"],
    [`ghcr.io/a/b@sha256:${hex}@sha256:${hex}`, "more than one @"],
    ["host_name.example/a", "no host"],
    [`ghcr.io/${"a/".repeat(130)}b`, "no name"],
  ])("%s is refused", (text, why) => {
    const error = (() => {
      try {
        return parseReference(text, "--image");
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: "USAGE", exitCode: 2 });
    expect(`${String(error)} ${(error as { hint: string }).hint}`).toContain(why);
  });
});

describe("names of bases", () => {
  it.each([
    ["oci:dir:24", { kind: "layout", folder: "dir", tag: "24" }],
    ["oci:/a:b/dir", { kind: "layout", folder: "/a:b/dir", tag: undefined }],
    ["oci:C:\\images\\node:24", { kind: "layout", folder: "C:\\images\\node", tag: "24" }],
    ["docker-archive:x.tar:node:24", { kind: "tarball", file: "x.tar:node", tag: "24" }],
    ["images/node.tar.gz", { kind: "tarball", file: "images/node.tar.gz", tag: undefined }],
    ["docker://node:24", { kind: "registry", text: "node:24" }],
    ["node:24", { kind: "registry", text: "node:24" }],
  ])("%s", (text, name) => expect(parseBaseName(text)).toEqual(name));

  it.each(["oci:", "./nowhere", "Node:24"])("%s is refused", (text) => {
    expect(() => parseBaseName(text)).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
  });
});

it("only this machine is spoken to without encryption", () => {
  const here = ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:80", "registry.localhost:1"];
  const elsewhere = ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1:5000", "[::2]:80", "1127.0.0.1"];
  expect(here.filter(isLoopback)).toEqual(here);
  expect(elsewhere.filter(isLoopback)).toEqual([]);
});

it("challenges are read, several in one header as well", () => {
  const header =
    'Bearer realm="https://auth.example.com/token",service="a, \\"b\\"",scope="repository:a/b:pull,push", Basic realm=x';
  expect(parseChallenges(header)).toEqual([
    {
      scheme: "bearer",
      parameters: { realm: "https://auth.example.com/token", service: 'a, "b"', scope: "repository:a/b:pull,push" },
    },
    { scheme: "basic", parameters: { realm: "x" } },
  ]);
});
