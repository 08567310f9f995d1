import { expect, test } from "vitest";
import { nextCommands } from "../../../src/scaffold/next-commands.ts";

test.each([
  ["/work/here", ["npm install", "npm run dev"]],
  ["/work/here/my-model", ["cd my-model", "npm install", "npm run dev"]],
  ["/work/here/a b", ["cd 'a b'", "npm install", "npm run dev"]],
  ["/work/here/it's", [`cd 'it'\\''s'`, "npm install", "npm run dev"]],
  ["/work/here/-x", ["cd ./-x", "npm install", "npm run dev"]],
  ["/elsewhere/x", ["cd /elsewhere/x", "npm install", "npm run dev"]],
])("for %s", (dir, commands) => {
  expect(nextCommands({ dir, cwd: "/work/here", packageManager: "npm", installed: false })).toEqual(commands);
});

test("an installed project needs no install", () => {
  const options = { dir: "/work/x", cwd: "/work", packageManager: "bun", installed: true } as const;
  expect(nextCommands(options)).toEqual(["cd x", "bun run dev"]);
});
