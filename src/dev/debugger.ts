import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Reporter } from "../events.ts";
import type { Generation } from "./generation.ts";

/** Keeps one debugger's port for all the processes that serve one after the other. */
export interface Debugger {
  /** Opens the port in this process, once the one before has left it. */
  follow(generation: Generation): void;
}

/** Node's own. */
const usualPort = 9229;
const tries = 10;
const retryMs = 100;

/**
 * @param wanted the port, which then must be free; `"any"`: Node's usual one, or any that is free. `undefined`: none
 */
export function createDebugger(wanted: number | "any" | undefined, report: Reporter): Debugger {
  let port: Promise<number> | undefined;
  let current: Generation | undefined;
  let turn: Promise<void> = Promise.resolve();
  let told = false;

  const move = async (from: Generation | undefined, to: Generation) => {
    await from?.debug.close();
    if (to !== current || !to.alive || wanted === undefined) return;
    port ??= choosePort(wanted);
    const url = await openIn(to, await port);
    if (url === undefined) {
      if (to === current && to.alive) report(portTaken(await port));
    } else if (!told) {
      told = true;
      report({ event: "debugger", url, port: await port });
    }
  };
  return {
    follow(generation) {
      if (wanted === undefined || generation === current) return;
      const before = current;
      current = generation;
      turn = turn.then(() => move(before, generation));
    },
  };
}

async function openIn(generation: Generation, port: number): Promise<string | undefined> {
  for (let attempt = 0; attempt < tries && generation.alive; attempt += 1) {
    // Asked here first, since Node would print what it thinks of a port that is taken.
    const url = (await tryPort(port)) === undefined ? undefined : await generation.debug.open(port);
    if (url !== undefined) return url;
    await delay(retryMs);
  }
  return undefined;
}

function portTaken(port: number) {
  const hint = "give another one with --inspect";
  return { event: "warning", message: `the debugger cannot be opened: port ${port} is in use`, hint } as const;
}

async function choosePort(wanted: number | "any"): Promise<number> {
  if (wanted !== "any" && wanted !== 0) return wanted;
  const usual = wanted === "any" ? await tryPort(usualPort) : undefined;
  return usual ?? (await tryPort(0)) ?? usualPort;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}
