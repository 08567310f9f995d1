import { readFileSync } from "node:fs";
import { join } from "node:path";
import ignore, { type Ignore } from "ignore";
import { TrussError } from "../errors.ts";

/** The files that say what stays at home, ours and Truss's. */
export const ignoreFileNames = [".trussignore", ".truss_ignore"] as const;

/**
 * What the rules say of a file or folder; `undefined`: nothing, it is staged. Paths are relative to the project, and a
 * folder's ends in `/`.
 */
export type IgnoreRules = (path: string) => "allowed" | "ignored" | "private" | "junk" | undefined;

/**
 * The rules of a project: what its ignore files name (as in a `.gitignore`), what is private by its name, and what
 * programs leave behind.
 *
 * @param allowed paths that are staged although their name looks private
 */
export function readIgnoreRules(root: string, allowed: ReadonlySet<string>): IgnoreRules {
  const own = ignoreFileNames.map((name) => createMatcher(readPatterns(root, name)));
  return (path) => {
    if (isAllowed(path, allowed)) return "allowed";
    if (own.some((matcher) => matcher.ignores(path))) return "ignored";
    if (privateNames.ignores(path)) return "private";
    return junk.ignores(path) ? "junk" : undefined;
  };
}

/** The folder of an allowed file is looked into; what else lies there has its own rules. */
function isAllowed(path: string, allowed: ReadonlySet<string>): boolean {
  return allowed.has(path) || (path.endsWith("/") && [...allowed].some((file) => file.startsWith(path)));
}

/** Lines of an ignore file; a file that is not there has none. */
export function readPatterns(root: string, name: string): string[] {
  try {
    return readFileSync(join(root, name), "utf8")
      .replace(/^\uFEFF/, "")
      .split(/\r\n|\r|\n/);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code === "ENOENT" || code === "EISDIR") return [];
    throw new TrussError("STAGE_CONFLICT", `${name} cannot be read (${code}).`, { file: name, cause });
  }
}

function createMatcher(patterns: readonly string[], ignorecase = false): Ignore {
  return ignore({ ignorecase, allowRelativePaths: true }).add([...patterns]);
}

/** What can open something by itself, by the names that programs give it. */
const privateNames = createMatcher(
  [
    [".env", ".envrc", ".env.*", ".env-*", ".env_*", ".env~", "*.env", "*.env.local"],
    [".npmrc", ".yarnrc", ".yarnrc.yml", ".pypirc", ".netrc", "_netrc", ".git-credentials", ".trussrc", ".dockercfg"],
    [".pgpass", ".htpasswd", ".vault-token", ".s3cfg", ".boto", "*.tfstate", "*.tfstate.backup"],
    [".ssh/", ".aws/", ".azure/", ".gnupg/", ".kube/", ".docker/", ".gcloud/", "kubeconfig"],
    [
      "id_rsa",
      "id_dsa",
      "id_ecdsa",
      "id_ed25519",
      "id_*_sk",
      "*.pem",
      "*.key",
      "*.p8",
      "*.p12",
      "*.pfx",
      "*.ppk",
      "*.jks",
    ],
    ["*.keystore", "*.kdbx", "credentials", "credentials.json", "application_default_credentials.json"],
    ["service-account*.json", "service_account*.json", "client_secret*.json"],
  ].flat(),
  true,
);

/** What is of use to an editor, a package manager or a version control only. */
const junk = createMatcher(
  [
    ["node_modules", ".git", ".hg", ".svn", ".trussignore", ".truss_ignore", ".gitignore", ".gitattributes"],
    [".DS_Store", "._*", "Thumbs.db", "desktop.ini", "*.swp", "*~", ".idea/", ".vscode/"],
    ["__pycache__/", "*.py[cod]", ".ipynb_checkpoints/", ".venv", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/"],
  ].flat(),
  true,
);
