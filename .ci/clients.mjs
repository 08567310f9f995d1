// Makes test/clients ready: its packages, in two majors each, and a Node that runs the newer ones. Both are left out of
// the root's package.json, so that `npm ci` on Node 20 has nothing to warn of.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { npm, root } from "./prepare.mjs";

const neededMajor = 22;
const nodeVersion = "24.21.0";
const folder = join(root, "test", "clients");
// Without a registry a test run should hear of it soon.
const patience = ["--prefer-offline", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
const quiet = ["--ignore-scripts", "--loglevel", "error", ...patience];

/** The Node to run the clients with; throws where the packages cannot be had. */
export function prepareClients() {
  const installed = join(folder, "node_modules", ".package-lock.json");
  const wanted = join(folder, "package-lock.json");
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
    console.log("Installing the clients (npm ci in test/clients) …");
    npm("ci", "--prefix", folder, "--engine-strict=false", ...quiet);
  }
  return Number(process.versions.node.split(".")[0]) >= neededMajor ? process.execPath : installNode();
}

/** npm carries Node itself, by platform. */
function installNode() {
  const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const home = join(root, "node_modules", ".cache", `node-${nodeVersion}-${platform}`);
  const binary = process.platform === "win32" ? "node.exe" : "node";
  const path = join(home, "node_modules", `node-${platform}`, "bin", binary);
  if (!existsSync(path)) {
    console.log(`Installing Node ${nodeVersion} for the clients that need it …`);
    npm("install", "--prefix", home, "--no-save", "--no-package-lock", ...quiet, `node-${platform}@${nodeVersion}`);
  }
  return path;
}
