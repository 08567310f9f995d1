import { spawn } from "node:child_process";

/** Opens a page in the user's browser. */
export function openBrowser(url: string, onFailure: () => void): void {
  const [command, ...args] = opener(url);
  const child = spawn(command, args, { detached: true, stdio: "ignore" });
  child.on("error", onFailure);
  child.on("exit", (code) => {
    if (code !== 0) onFailure();
  });
  child.unref();
}

function opener(url: string): [string, ...string[]] {
  switch (process.platform) {
    case "darwin":
      return ["open", url];
    case "win32":
      return ["cmd", "/c", "start", "", url];
    default:
      return ["xdg-open", url];
  }
}
