const wrapper = /^var (require_\w+) = __commonJS\(\{\n {2}"node_modules\//gm;
const call = /\b__toESM\((require_\w+)\(\)\)/g;

/**
 * What an import of a CommonJS package gives is what Node gives: `default` is `module.exports`. esbuild goes by another
 * custom in sources that no package.json calls modules.
 */
export function nodeInterop(code: string): string {
  const ofPackages = new Set([...code.matchAll(wrapper)].map(([, name]) => name));
  return code.replaceAll(call, (whole, name: string) => (ofPackages.has(name) ? `__toESM(${name}(), 1)` : whole));
}
