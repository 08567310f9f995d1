import { outsideRegistry } from "./resolve.ts";
import { placeFinder } from "./places.ts";

/** File URL of the built file, whose `import.meta` the sources in it cannot have. */
export const entryUrl = "__trussEntry";

const specifierPattern = new RegExp(`${outsideRegistry}\\[("(?:[^"\\\\]|\\\\.)*")\\]`, "g");

/**
 * What stands before the bundled code: `require` for CommonJS, the places of sources, and the packages outside in the
 * order in which the code wants them.
 */
export function createPreamble(code: string): string {
  const wanted = [...new Set([...code.matchAll(specifierPattern)].map(([, name]) => name ?? ""))];
  return `import { createRequire as __trussCreateRequire } from "node:module";
import { dirname as __trussDirname } from "node:path";
import { fileURLToPath as __trussToPath } from "node:url";
const ${entryUrl} = import.meta.url, require = __trussCreateRequire(${entryUrl}), __trussResolve = import.meta.resolve;
const ${outsideRegistry} = { ${["__proto__: null", ...wanted.map((name) => `${name}: () => import(${name})`)].join(", ")} };
function ${placeFinder}(path) {
  const url = new URL(path.split("/").map(encodeURIComponent).join("/"), ${entryUrl}).href, filename = __trussToPath(url);
  const resolve = (specifier) => /^\\.{0,2}\\//.test(specifier) ? new URL(specifier, url).href : __trussResolve(specifier);
  return { url, filename, dirname: __trussDirname(filename), resolve };
}
`;
}
