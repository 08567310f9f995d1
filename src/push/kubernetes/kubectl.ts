import { TrussError } from "../../errors.ts";
import { exec } from "../../lib/exec.ts";
import type { PublishRequest } from "../types.ts";

/** Hands manifests to the user's own kubectl, with the cluster and the rights that it is set to. */
export async function applyManifests(text: string, { flags, report, signal }: PublishRequest): Promise<void> {
  const context = flags["context"];
  const scope = typeof context === "string" ? ["--context", context] : [];
  report({ event: "step", message: "handing the manifests to kubectl" });
  const result = await exec({
    program: "kubectl",
    args: [...scope, "apply", "-f", "-"],
    input: text,
    signal,
    onLine: (message) => report({ event: "note", message: `  ${message}` }),
  });
  switch (result.how) {
    case "done":
      return;
    case "missing":
      throw new TrussError("KUBECTL_FAILED", "kubectl is not installed, or not on the PATH.", {
        hint: "install it, or give --out DIR instead of --apply, and apply the file from where kubectl is",
      });
    case "aborted":
      throw new TrussError("INTERRUPTED", "Stopped while kubectl applied the manifests.", {
        hint: "what it has applied stays; the same command applies the rest",
        exitCode: 130,
      });
    case "failed":
      throw new TrussError("KUBECTL_FAILED", `kubectl refused the manifests (${result.what}).`, {
        hint: lastLine(result.output) ?? "try: kubectl cluster-info",
      });
  }
}

function lastLine(output: string): string | undefined {
  return output.trim().split("\n").at(-1)?.trim() || undefined;
}
