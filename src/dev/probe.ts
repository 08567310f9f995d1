import { get } from "node:http";

/** `refuses`: it does not listen, or cut the connection; `silent`: it listens, and that is all. */
export type Pulse = "answers" | "refuses" | "silent";

/** Whether a model process still turns its event loop: asks its liveness route, on a connection of its own. */
export function takePulse(port: number, timeoutMs: number): Promise<Pulse> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/", agent: false }, (answer) => {
      answer.resume();
      settle("answers");
    });
    const timer = setTimeout(() => settle("silent"), timeoutMs);
    request.on("error", () => settle("refuses"));

    function settle(pulse: Pulse) {
      clearTimeout(timer);
      resolve(pulse);
      request.destroy();
    }
  });
}
