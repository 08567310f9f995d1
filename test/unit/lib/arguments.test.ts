import { expect, it } from "vitest";
import { concealArguments } from "../../../src/lib/arguments.ts";

it.each([
  [["login", "--api-key", "k"], "login --api-key …"],
  [["login", "--api-key=k=k", "--json"], "login --api-key=… --json"],
  [["predict", "-H", "authorization: k", "-d", "{}", "--file", "f"], "predict -H … -d … --file f"],
  [["login", "--api-key", "--api-key", "k"], "login --api-key --api-key …"],
  [["dev", "my-model", "--json"], "dev my-model --json"],
])("%j is shown without what may be a key", (args, shown) => {
  expect(concealArguments(args).join(" ")).toBe(shown);
});
