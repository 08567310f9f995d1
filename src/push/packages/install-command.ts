import type { Installation } from "../types.ts";
import type { PackageTarget } from "./target.ts";

export interface InstallCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** On top of our own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Added to files of the folder, which may not be there yet. */
  readonly files: Readonly<Record<string, string>>;
}

/** How a package manager installs exactly what the lockfile says, flat, for another machine, and runs no script. */
export function installCommand(manager: Installation["manager"], { os, cpu, libc }: PackageTarget): InstallCommand {
  const none = { env: {}, files: {} };
  switch (manager) {
    case "npm": {
      const frozen = ["ci", "--omit=dev", "--include=optional", "--ignore-scripts", "--install-strategy=hoisted"];
      const quiet = ["--no-audit", "--no-fund", "--no-update-notifier"];
      return { ...none, program: "npm", args: [...frozen, `--os=${os}`, `--cpu=${cpu}`, `--libc=${libc}`, ...quiet] };
    }
    case "pnpm": {
      const frozen = ["install", "--prod", "--frozen-lockfile", "--ignore-scripts", "--config.node-linker=hoisted"];
      const platforms = `\nsupportedArchitectures:\n  os: [${os}]\n  cpu: [${cpu}]\n  libc: [${libc}]\n`;
      return { ...none, program: "pnpm", args: frozen, files: { "pnpm-workspace.yaml": platforms } };
    }
    case "yarn": {
      const platforms = `supportedArchitectures:\n  os: [${os}]\n  cpu: [${cpu}]\n  libc: [${libc}]\n`;
      const rules = `nodeLinker: node-modules\nenableScripts: false\nenableGlobalCache: true\n${platforms}`;
      const env = { YARN_ENABLE_IMMUTABLE_INSTALLS: "true" };
      return { program: "yarn", args: ["install"], env, files: { ".yarnrc.yml": rules } };
    }
    case "bun": {
      const frozen = ["install", "--frozen-lockfile", "--production", "--ignore-scripts"];
      return { ...none, program: "bun", args: [...frozen, `--os=${os}`, `--cpu=${cpu}`] };
    }
  }
}
