// What is edited: the same small service in one file, in thirty, and with the packages that real models import. Each is
// text for any of the tools: what its handler imports, does with `input` and answers, and the files around it.

/**
 * `version` is what an edit changes, and what the answer tells: `{"output":"Hello, Ada!","version":7}`. It stands in
 * code that runs with each request.
 * @typedef {{
 *   input: string, imports: (tree: string) => string, setup: (version: number) => string,
 *   answer: (tool: import("./reload-tools.mjs").Tool, version: number) => string,
 *   tree: (version: number) => Record<string, string>, leaf?: string }} Service
 */

const greeting = "`Hello, ${input.prompt}!`";
const nothing = { input: "{ prompt: string }", imports: () => "", setup: () => "", tree: () => ({}) };

/** @type {Service} */
export const oneFile = {
  ...nothing,
  answer: ({ json }, version) => `return ${json(`{ output: ${greeting}, version: ${version} }`)};`,
};

/** The edited one is at the end of a chain of imports. @type {Service} */
export const thirtyFiles = {
  ...nothing,
  imports: (tree) => `import { greet } from "${tree}/index.ts";\n`,
  answer: ({ json }) => `return ${json("greet(input.prompt)")};`,
  tree: writeTree,
  leaf: "leaf-13.ts",
};

/** @type {Service} */
export const heavy = {
  ...nothing,
  imports: () => `import Anthropic from "@anthropic-ai/sdk";\nimport OpenAI from "openai";\nimport { z } from "zod";\n`,
  setup: () => `
const Input = z.object({ prompt: z.string() });
const anthropic = new Anthropic({ apiKey: "none" });
const openai = new OpenAI({ apiKey: "none" });
`,
  answer: ({ json }, version) => `const { prompt } = Input.parse(input);
    const behind = [openai.baseURL, anthropic.baseURL];
    return ${json(`{ output: \`Hello, \${prompt}!\`, version: ${version}, behind }`)};`,
};

/**
 * For a storm of edits: each answer tells in several places which version gave it, at its head, after a wait, and in a
 * stream with each of its thirty parts, which take a second together.
 *
 * @type {Service}
 */
export const telling = {
  ...nothing,
  input: "{ id: number; wait: number; stream: boolean }",
  setup: (version) => `
const version = ${version};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function* tell(id: number) {
  for (let at = 0; at < 30; at += 1) {
    yield JSON.stringify({ id, at, version }) + "\\n";
    await pause(33);
  }
  yield JSON.stringify({ id, at: "end", version }) + "\\n";
}
`,
  answer: ({ json, stream }) => `if (input.stream) return ${stream("tell(input.id)")};
    const head = version;
    if (input.wait > 0) await pause(input.wait);
    return ${json("{ id: input.id, head, tail: version }")};`,
};

/** Twenty-four leaves, four groups of six, and an index: with the file of the handler that makes thirty. */
function writeTree(version) {
  const groups = [0, 1, 2, 3].map((group) => Array.from({ length: 6 }, (_, at) => group * 6 + at));
  const leaves = groups.flat().map((leaf) => [`leaf-${leaf}.ts`, writeLeaf(leaf, leaf === 13 ? version : 0)]);
  const files = groups.map((members, group) => [`group-${group}.ts`, writeGroup(group, members)]);
  return { "index.ts": indexText, ...Object.fromEntries([...files, ...leaves]) };
}

const indexText = `import { group0 } from "./group-0.ts";
import { group1 } from "./group-1.ts";
import { group2 } from "./group-2.ts";
import { group3 } from "./group-3.ts";

export function greet(name: string): { output: string; version: number } {
  const parts = [...group0(name), ...group1(name), ...group2(name), ...group3(name)];
  const [longest = ""] = parts.map((part) => part.text).sort((a, b) => b.length - a.length);
  return { output: longest, version: Math.max(...parts.map((part) => part.version)) };
}
`;

function writeGroup(group, members) {
  const imports = members.map((leaf) => `import { part${leaf} } from "./leaf-${leaf}.ts";\n`).join("");
  const calls = members.map((leaf) => `part${leaf}(name)`).join(", ");
  return `${imports}
export function group${group}(name: string): { text: string; version: number }[] {
  return [${calls}];
}
`;
}

function writeLeaf(leaf, version) {
  return `interface Part {
  text: string;
  version: number;
}

/** A greeting of as many letters as a limit allows. */
function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const words = text.split(" ");
  let kept = "";
  for (const word of words) {
    if (kept.length + word.length + 1 > limit) break;
    kept = kept === "" ? word : \`\${kept} \${word}\`;
  }
  return kept;
}

export function part${leaf}(name: string): Part {
  const text = shorten(\`Hello, \${name}!\`, ${leaf === 0 ? 200 : leaf});
  return { text, version: ${version} };
}
`;
}
