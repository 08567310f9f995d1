import { expect, test } from "vitest";
import { nextCommands } from "../../../src/scaffold/next-commands.ts";

test.each([
  ["/home/ada", ["npm install", "npm run dev"]],
  ["/home/ada/my-model", ["cd my-model", "npm install", "npm run dev"]],
  ["/home/ada/a b", ["cd 'a b'", "npm install", "npm run dev"]],
  ["/home/ada/it's", [`cd 'it'\\''s'`, "npm install", "npm run dev"]],
  ["/home/ada/-x", ["cd ./-x", "npm install", "npm run dev"]],
  ["/elsewhere/x", ["cd /elsewhere/x", "npm install", "npm run dev"]],
])("for %s", (dir, commands) => {
  expect(nextCommands({ dir, cwd: "/home/ada", packageManager: "npm", installed: false })).toEqual(commands);
});

test("an installed project needs no install", () => {
  const options = { dir: "/home/x", cwd: "/home", packageManager: "bun", installed: true } as const;
  expect(nextCommands(options)).toEqual(["cd x", "bun run dev"]);
});
