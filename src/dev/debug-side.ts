import type { ToModel } from "../runtime/channel.ts";
import { createDeferred, settlesWithin } from "./deferred.ts";

/** Node's debugger in one model process. */
export interface DebugSide {
  /** Resolves with its WebSocket's URL; `undefined` where it could not be opened. */
  open(port: number): Promise<string | undefined>;
  /** Resolves once the port is free: a process that is paused at a breakpoint first has to go on. */
  close(): Promise<void>;
  /** The process has told. */
  heard(url: string | undefined): void;
  /** Whether somebody holds it at a breakpoint, which is no reason to take it for stuck. */
  isPaused(): Promise<boolean>;
}

/** What a debugger's own protocol may take to answer; it does so even in an endless loop. */
const answerMs = 2_000;
/** What comes with the answer comes right behind it, if not before. */
const behindMs = 100;

export function createDebugSide(send: (message: ToModel) => void, ended: Promise<unknown>): DebugSide {
  let url: string | undefined;
  let answer = createDeferred<string | undefined>();
  const ask = (message: ToModel) => {
    answer = createDeferred();
    const mine = answer;
    void ended.then(() => mine.resolve(undefined));
    send(message);
    return mine.promise;
  };
  return {
    async open(port) {
      url = await ask({ type: "debugger_open", port });
      return url;
    },
    async close() {
      if (url !== undefined) url = await ask({ type: "debugger_close" });
    },
    heard: (told) => answer.resolve(told),
    isPaused: async () => url !== undefined && seesPause(url),
  };
}

/** Joins as one more debugger: who joins at a breakpoint is told of it. */
async function seesPause(url: string): Promise<boolean> {
  const { WebSocket } = await import("ws");
  const seen = createDeferred<boolean>();
  const socket = new WebSocket(url);
  socket.on("open", () => socket.send('{"id":1,"method":"Debugger.enable"}'));
  socket.on("message", (data) => {
    const text = String(data);
    if (text.startsWith('{"method":"Debugger.paused"')) seen.resolve(true);
    if (text.startsWith('{"id":1,')) setTimeout(() => seen.resolve(false), behindMs);
  });
  socket.on("error", () => seen.resolve(false));
  const answered = await settlesWithin(seen.promise, answerMs);
  socket.terminate();
  return answered && seen.promise;
}
