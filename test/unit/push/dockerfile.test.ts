import { expect, test } from "vitest";
import { createDockerfile, isUntouched, wasWritten } from "../../../src/push/dockerfile.ts";
import { makeStage } from "./packages/made-stage.ts";

const base = "node:24-bookworm-slim";
const plain = { "config.yaml": "", "model/server.mjs": "", "data/words.txt": "" };
const native = { ...plain, "model/package.json": "{}", "model/package-lock.json": "{}" };

test("without outside packages one stage, whose last copy is the model", () => {
  const { dockerfile, needsMounts, files } = createDockerfile(makeStage("/project", plain), { base });
  expect(needsMounts).toBe(false);
  expect(dockerfile).not.toContain("--mount");
  const copies = dockerfile.split("\n").filter((line) => line.startsWith("COPY"));
  expect(copies).toEqual(["COPY data ./data", "COPY config.yaml ./", "COPY model ./model"]);
  expect(dockerfile).toContain(`ARG BASE=${base}\n`);
  expect(dockerfile).toContain('ENTRYPOINT ["node","/app/model/server.mjs"]');
  expect(dockerfile).toMatch(/\nUSER [1-9]\d*:\d+\n/);
  expect(files.map(({ path }) => path)).toEqual([
    "config.yaml",
    "data/words.txt",
    "model/server.mjs",
    "Dockerfile",
    ".dockerignore",
  ]);
});

test("packages are installed in the full form of a slim base, from the lockfile alone", () => {
  const { dockerfile } = createDockerfile(makeStage("/project", native, ["sharp"]), {
    base: `${base}@sha256:${"a".repeat(64)}`,
  });
  expect(dockerfile).toContain("ARG BUILDER_BASE=node:24-bookworm\n");
  expect(dockerfile).toContain("COPY model/package.json model/package-lock.json ./\n");
  expect(dockerfile).toContain("    npm ci --omit=dev\n");
  expect(dockerfile).toContain("--mount=type=secret,id=npmrc,target=/root/.npmrc");
  const order = ["COPY --from=packages", "COPY data", "COPY model ./model"].map((text) => dockerfile.indexOf(text));
  expect(order).toEqual(order.toSorted((one, other) => one - other));
});

test("values keep their quotes, dollars and backslashes, and take no line of their own", () => {
  const stage = makeStage("/project", plain);
  const environmentVariables = { ODD: 'a "b" $HOME \\ c', PORT: "1", LINES: "a\nRUN evil", "not-a-name": "x" };
  const project = {
    ...stage.project,
    config: { ...stage.project.config, modelName: "my\nRUN evil", environmentVariables },
  };
  const { dockerfile } = createDockerfile({ ...stage, project }, { base });
  expect(dockerfile).toContain('ODD="a \\"b\\" \\$HOME \\\\ c"');
  expect(dockerfile).not.toMatch(/^\s*RUN evil/m);
  expect(dockerfile).not.toContain("PORT=");
  expect(dockerfile).not.toContain("not-a-name");
});

test("an edited Dockerfile is known from one as it was written", () => {
  const { dockerfile } = createDockerfile(makeStage("/project", plain), { base });
  expect([isUntouched(dockerfile), wasWritten(dockerfile)]).toEqual([true, true]);
  const edited = dockerfile.replace("EXPOSE 8080", "EXPOSE 9090");
  expect([isUntouched(edited), wasWritten(edited)]).toEqual([false, true]);
  expect(wasWritten("FROM node\n")).toBe(false);
});
