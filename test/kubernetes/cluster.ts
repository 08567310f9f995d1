import { type ChildProcess, execFile, spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A real API server of Kubernetes with its etcd, on loopback: what it is given is judged as in a cluster, and run nowhere. */
export interface ApiServer {
  /** Runs kubectl on it. Rejects with what kubectl printed. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  close(): void;
}

/** @param binary path of a kube-apiserver; `.ci/kube-apiserver.sh DIR` makes one */
export async function startApiServer(binary: string): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), "truss-ts-kubernetes-"));
  const [client, peer, port] = await Promise.all([freePort(), freePort(), freePort()]);
  const token = randomUUID();
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(join(folder, "sa.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(join(folder, "sa.pub"), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(join(folder, "tokens.csv"), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const etcdUrl = `http://127.0.0.1:${client}`;
  const children = [
    start("etcd", [
      "--data-dir",
      join(folder, "etcd"),
      "--listen-client-urls",
      etcdUrl,
      "--advertise-client-urls",
      etcdUrl,
      "--listen-peer-urls",
      `http://127.0.0.1:${peer}`,
      "--unsafe-no-fsync",
    ]),
    start(binary, [
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${port}`,
      "--bind-address=127.0.0.1",
      `--cert-dir=${folder}`,
      "--service-cluster-ip-range=10.0.0.0/24",
      "--allow-privileged=true",
      `--service-account-key-file=${join(folder, "sa.pub")}`,
      "--service-account-issuer=https://kubernetes",
      `--service-account-signing-key-file=${join(folder, "sa.key")}`,
      "--authorization-mode=RBAC",
      `--token-auth-file=${join(folder, "tokens.csv")}`,
      "--disable-admission-plugins=ServiceAccount",
    ]),
  ];
  const close = () => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const kubectl: ApiServer["kubectl"] = (args, input) =>
    runKubectl([`--server=https://127.0.0.1:${port}`, `--token=${token}`, insecure, ...args], folder, input);
  try {
    await untilItAnswers(() => kubectl(["get", "namespace", "default"]));
  } catch (error) {
    close();
    throw error;
  }
  return { kubectl, close };
}

/** It has made its certificate itself a moment ago. */
const insecure = "--insecure-skip-tls-verify";
const startMs = 60_000;

export async function untilItAnswers(ask: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + startMs; ;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

async function runKubectl(args: readonly string[], home: string, input?: string): Promise<string> {
  const running = promisify(execFile)("kubectl", [...args], { env: { ...process.env, HOME: home, KUBECONFIG: "" } });
  running.child.stdin?.end(input ?? "");
  const { stdout, stderr } = await running;
  return stdout + stderr;
}

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, [...args], { stdio: "ignore" });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
