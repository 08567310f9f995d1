import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { TrussError, exitCodes } from "../errors.ts";
import { packageRoot } from "../lib/package-root.ts";
import { suggest } from "../lib/suggest.ts";
import type { ProjectFile } from "./render.ts";

/** One project that `init` can make. */
export interface Template {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Absolute path of its folder. */
  readonly dir: string;
}

export const defaultTemplate = "chat";

/** Every template, in the order in which people should see them. */
export function listTemplates(): Template[] {
  const root = join(packageRoot(), "templates");
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => readManifest(join(root, entry.name), entry.name))
    .toSorted((left, right) => left.order - right.order)
    .map(({ order: _order, ...template }) => template);
}

/**
 * The template of that name.
 *
 * @throws TrussError TEMPLATE_UNKNOWN (exit code 2), with the nearest name where one is near
 */
export function findTemplate(name: string): Template {
  const templates = listTemplates();
  const found = templates.find((template) => template.name === name);
  if (found !== undefined) return found;
  const names = templates.map((template) => template.name);
  const near = suggest(name, names);
  throw new TrussError("TEMPLATE_UNKNOWN", `There is no template "${name}".`, {
    hint: `${near === undefined ? "" : `Did you mean ${near}? `}The templates are: ${names.join(", ")}.`,
    exitCode: exitCodes.usage,
  });
}

/** The template's files as they lie in its folder, without its manifest; dotfiles under their real names. */
export function readTemplateFiles(template: Template): ProjectFile[] {
  return readdirSync(template.dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file, path: relative(template.dir, file).split(sep).join("/") }))
    .filter(({ path }) => path !== "template.json" && !path.startsWith("node_modules/"))
    .map(({ file, path }) => ({ path: realName(path), content: readFileSync(file) }));
}

function readManifest(dir: string, name: string): Template & { order: number } {
  const manifest: unknown = JSON.parse(readFileSync(join(dir, "template.json"), "utf8"));
  const field = (key: string): unknown =>
    typeof manifest === "object" && manifest !== null ? Reflect.get(manifest, key) : undefined;
  return {
    name,
    dir,
    title: String(field("title")),
    description: String(field("description")),
    order: Number(field("order")),
  };
}

/** npm leaves `.gitignore` and `.npmrc` out of packages, so templates keep them as `_gitignore` and `_npmrc`. */
function realName(path: string): string {
  return path.replace(/(^|\/)_(gitignore|npmrc)$/, "$1.$2");
}
