import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A home folder with these files in it, gone when the test ends. All have mode 0600. */
export function createHome(files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "truss-ts-home-")));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, 0o600);
  }
  return { home, env: { HOME: home, USERPROFILE: home, APPDATA: join(home, ".config") } };
}

export const trussrc = (name: string, key: string, more = "") =>
  `[${name}]\nremote_provider = baseten\nremote_url = https://app.baseten.co\nauth_type = api_key\napi_key = ${key}\n${more}\n`;
