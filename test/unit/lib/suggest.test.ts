import { describe, expect, it } from "vitest";
import { suggest } from "../../../src/lib/suggest.ts";

const commands = ["init", "dev", "check", "serve", "push", "predict", "login", "logout", "whoami", "logs"];

describe("suggest", () => {
  it.each([
    ["predct", "predict"],
    ["chekc", "check"],
    ["dve", "dev"],
    ["CHECK", "check"],
    ["log", "logs"],
    ["sevre", "serve"],
  ])("takes %s for %s", (word, meant) => {
    expect(suggest(word, commands)).toBe(meant);
  });

  it.each(["deploy", "x", "", "run", "docker"])("has nothing for %j", (word) => {
    expect(suggest(word, commands)).toBeUndefined();
  });

  it("knows a word written in another style", () => {
    expect(suggest("chatCompletions", ["completions", "chat_completions"])).toBe("chat_completions");
    expect(suggest("--non-interactve", ["--json", "--non-interactive"])).toBe("--non-interactive");
  });

  it("prefers the nearest of several", () => {
    expect(suggest("memry", ["cpu", "merry-go", "memory"])).toBe("memory");
  });

  it("has nothing where there is nothing to choose from", () => {
    expect(suggest("dev", [])).toBeUndefined();
  });
});
