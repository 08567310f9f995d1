import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/** A tree that used no more processor time than one tick of the kernel's clock for so long counts as resting. */
const restMs = 120;
const restCpuMs = 10;
/** One that never rests is not waited for longer than five seconds. */
const settleSteps = 40;

/**
 * What a process and all below it take: resident memory and, where the system tells, the proportional share of it
 * (pages that several processes share counted once), both in MiB; processor time in milliseconds. Undefined where the
 * system tells nothing of it.
 */
export function measureTree(root) {
  const tree = listTree(root);
  if (tree === undefined) return undefined;
  const sum = (read) => tree.reduce((total, entry) => total + read(entry), 0);
  return {
    processes: tree.length,
    rss: sum((entry) => entry.rss),
    pss: process.platform === "linux" ? sum((entry) => entry.readPss()) : undefined,
    cpu: sum((entry) => entry.cpuMs),
  };
}

/** The same of each process by itself, the root first. */
export function listTree(root) {
  if (process.platform === "win32") return undefined;
  const all = process.platform === "linux" ? readProc() : readPs();
  return below(root, all).map(({ pid, command, rssKiB, cpuMs }) => {
    return { pid, command, rss: rssKiB / 1024, cpuMs, readPss: () => readPss(pid) / 1024 };
  });
}

/** Resolves once a process and all below it rest; what one tool does after its answer is then over for the next. */
export async function settle(root) {
  const cpuOf = () => listTree(root)?.reduce((total, entry) => total + entry.cpuMs, 0) ?? Number.NaN;
  // Two steps of rest, since on a busy machine a process may get nothing of the processor for one.
  for (let step = 0, resting = 0, before = cpuOf(); step < settleSteps && resting < 2; step += 1) {
    await wait(restMs);
    const now = cpuOf();
    // A process that has ended takes its time with it. Where nothing can be read of it, a few steps have to do.
    if (Math.abs(now - before) <= restCpuMs || (Number.isNaN(now) && step > 3)) resting += 1;
    else resting = 0;
    before = now;
  }
}

function below(root, all) {
  const found = all.filter((entry) => entry.pid === root);
  for (const parent of found) found.push(...all.filter((entry) => entry.ppid === parent.pid));
  return found;
}

let ticksPerSecond;

function readProc() {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The second field is the program's name in brackets and may hold anything; the rest is plain.
        const fields = readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${name}/status`, "utf8"));
        const ticks = Number(fields[11]) + Number(fields[12]);
        const cpuMs = (ticks * 1000) / ticksPerSecond;
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), ppid: Number(fields[1]), command, rssKiB: Number(rss?.[1] ?? 0), cpuMs }];
      } catch {
        return [];
      }
    });
}

function readPss(pid) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function readPs() {
  const text = execFileSync("ps", ["-axo", "pid=,ppid=,rss=,time=,command="], { encoding: "utf8" });
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, ppid, rss, time, ...command] = line.trim().split(/\s+/);
      const cpuMs = time.split(/[:-]/).reduce((total, part) => total * 60 + Number(part), 0) * 1000;
      return { pid: Number(pid), ppid: Number(ppid), command: command.join(" "), rssKiB: Number(rss), cpuMs };
    });
}
