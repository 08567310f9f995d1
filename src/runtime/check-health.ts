import { request } from "node:http";
import { serverUrl } from "../lib/url.ts";
import { livePath } from "./paths.ts";

const deadlineMs = 5_000;

/** Whether a server on this machine says that it is alive. */
export function checkHealth(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(serverUrl(host, port) + livePath, { agent: false, timeout: deadlineMs }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}
