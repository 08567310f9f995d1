import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createCheckCommand } from "../../../src/commands/check.ts";
import { createDevCommand } from "../../../src/commands/dev.ts";
import { createInitCommand } from "../../../src/commands/init.ts";
import type { CommandIo } from "../../../src/commands/io.ts";
import { createLoginCommand } from "../../../src/commands/login.ts";
import { createLogoutCommand } from "../../../src/commands/logout.ts";
import { createLogsCommand } from "../../../src/commands/logs.ts";
import { createPredictCommand } from "../../../src/commands/predict.ts";
import { createPushCommand } from "../../../src/commands/push.ts";
import { createServeCommand } from "../../../src/commands/serve.ts";
import { createWhoamiCommand } from "../../../src/commands/whoami.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
// The figures' page is written by the bench, and names other programs' flags beside ours.
const names = readdirSync(join(root, "docs")).filter((name) => name !== "performance.md");
const pages = ["README.md", ...names.map((name) => `docs/${name}`)];

/** Nothing of it is touched until a command runs. */
const io = {} as CommandIo;
const commands: readonly Command[] = [
  createInitCommand(io),
  createDevCommand(io),
  createCheckCommand(io),
  createServeCommand(io),
  await createPushCommand(io),
  createPredictCommand(io),
  createLogsCommand(io),
  createLoginCommand(io),
  createLogoutCommand(io),
  createWhoamiCommand(io),
];

/** Lines of code and code in a line that begin with our command, each with its flags. */
function findCalls(
  text: string,
): readonly { readonly call: string; readonly name: string; readonly flags: string[] }[] {
  const joined = text.replaceAll(/\\\n\s*/g, " ");
  return [...joined.matchAll(/(?<![\w/-])(?:npx )?truss-ts ([a-z]+)([^`\n|>]*)/g)].flatMap(
    ([call, name = "", rest = ""]) => {
      const words = rest.replace(/\s#.*$/, "").replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"/g, "…");
      const flags = [...words.matchAll(/(?<=\s)--?[a-z][\w-]*/g)].map(([flag]) => flag);
      return commands.some((command) => command.name() === name) ? [{ call, name, flags }] : [];
    },
  );
}

describe.each(pages)("%s", (page) => {
  it("names only flags that are there", () => {
    for (const { call, name, flags } of findCalls(read(page))) {
      const command = commands.find((each) => each.name() === name);
      const known = (command?.options ?? []).flatMap(({ short, long }) => [short, long]);
      expect([...known, "--help", "-h"], call).toEqual(expect.arrayContaining(flags));
    }
  });
});

it("the workflow of docs/ci.md is YAML whose steps are there", () => {
  const [, text = ""] = /```yaml\n(.*?)```/s.exec(read("docs/ci.md")) ?? [];
  const workflow = parse(text) as { jobs: Record<string, { steps: { uses?: string; run?: string }[] }> };
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  const actions = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
  expect(actions.length).toBeGreaterThan(0);
  for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  const scripts = steps.flatMap(({ run = "" }) =>
    [...run.matchAll(/npm (?:run )?(check|test)/g)].map(([, name]) => name),
  );
  const { scripts: known } = JSON.parse(read("templates/minimal/package.json")) as { scripts: Record<string, string> };
  expect(Object.keys(known)).toEqual(expect.arrayContaining(scripts));
  const calls = steps.flatMap(({ run = "" }) => findCalls(run));
  expect(calls.map(({ name }) => name)).toEqual(["push", "push", "predict", "logs"]);
});
