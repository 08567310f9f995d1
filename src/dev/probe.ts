import { get } from "node:http";

/**
 * Whether a model process still turns its event loop: asks its liveness route on a connection of its own. A process
 * that does not listen (any more) is not stuck, so a refused or cut connection counts as an answer.
 */
export function isResponsive(port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/", agent: false }, (answer) => {
      answer.resume();
      settle(true);
    });
    const timer = setTimeout(() => settle(false), timeoutMs);
    request.on("error", () => settle(true));

    function settle(responsive: boolean) {
      clearTimeout(timer);
      resolve(responsive);
      request.destroy();
    }
  });
}
