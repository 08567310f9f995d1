import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { endpoints } from "../../../src/model/endpoints.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const pages = ["README.md", "CONTRIBUTING.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];

describe("README.md", () => {
  it("has the rows of the endpoint table, in its order", () => {
    const rows = [...read("README.md").matchAll(/^\| `(\w+)` +\| `(POST|GET) (\S+)` +\|/gm)].map(
      ([, method, verb, path]) => ({ method, verb, path }),
    );
    expect(rows).toEqual(endpoints.map(({ method, verb, path }) => ({ method, verb, path })));
  });

  it("names each template", () => {
    for (const name of readdirSync(join(root, "templates"))) expect(read("README.md")).toContain(`\`${name}\``);
  });

  it("stays below 200 lines", () => {
    expect(read("README.md").split("\n").length).toBeLessThan(200);
  });
});

describe.each(pages)("%s", (page) => {
  it("links only to files that are there", () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link ?? "");
    const missing = links.filter((link) => !existsSync(join(root, page, "..", link)));
    expect(missing).toEqual([]);
  });
});

it("docs/dependencies.md names each dependency of the manifest", () => {
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
  const missing = Object.keys(dependencies).filter((name) => !read("docs/dependencies.md").includes(`\`${name}\``));
  expect(missing).toEqual([]);
});
