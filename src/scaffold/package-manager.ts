import { getUserAgent } from "package-manager-detector";

export const packageManagers = ["npm", "pnpm", "yarn", "bun"] as const;
export type PackageManager = (typeof packageManagers)[number];

/** The one that started us (`npm_config_user_agent`), else npm. */
export function guessPackageManager(): PackageManager {
  const agent = getUserAgent();
  return packageManagers.find((name) => name === agent) ?? "npm";
}

export interface Invocation {
  readonly program: string;
  readonly args: readonly string[];
  /** Set on top of our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How to install, quietly and alike on a desk and in CI, where some refuse to write a first lockfile. */
export function installInvocation(packageManager: PackageManager): Invocation {
  switch (packageManager) {
    case "npm":
      // NODE_ENV=production would leave out what `npm run test` needs.
      return { program: "npm", args: ["install", "--include=dev", "--no-audit", "--no-fund"] };
    case "pnpm":
      return { program: "pnpm", args: ["install", "--prod=false", "--no-frozen-lockfile"] };
    case "yarn":
      // Yarn 1 takes NODE_ENV as npm does, and no flag is known to all versions.
      return {
        program: "yarn",
        args: ["install"],
        env: { YARN_ENABLE_IMMUTABLE_INSTALLS: "false", NODE_ENV: "development" },
      };
    case "bun":
      return { program: "bun", args: ["install"] };
  }
}

/** What only this package manager reads, so that a plain install works. */
export function packageManagerFiles(packageManager: PackageManager): Readonly<Record<string, string>> {
  switch (packageManager) {
    case "pnpm":
      return { "pnpm-workspace.yaml": pnpmWorkspace };
    case "yarn":
      return { ".yarnrc.yml": "# truss-ts looks for packages in node_modules.\nnodeLinker: node-modules\n" };
    case "npm":
    case "bun":
      return {};
  }
}

/** `npm run dev`, `yarn install` and the like, as people type them. */
export function installCommand(packageManager: PackageManager): string {
  return `${packageManager} install`;
}

export function runCommand(packageManager: PackageManager, script: string): string {
  return `${packageManager} run ${script}`;
}

const pnpmWorkspace = `# esbuild's install script only makes it start faster; pnpm wants an answer all the same.
allowBuilds:
  esbuild: false
ignoredBuiltDependencies:
  - esbuild
`;
