import { awaitAnswer } from "../tools/first-answer.mjs";
import { figuresOf, ratioOf, takeTurns } from "../tools/figures.mjs";
import { measureTree } from "../tools/process-tree.mjs";
import { checkAnswer, question, writeHonoProject, writeTrussProject } from "../tools/services.mjs";
import { installTruss, packageFolder } from "../tools/truss-package.mjs";
import { cleanEnv, findFreePort, start } from "../tools/workshop.mjs";

export const title = "Cold start of the dev server";

export const about =
  "`truss-ts dev` against `tsx watch` on a bare Hono server that does the same, from the start of the process to the " +
  "first 200 of `POST /predict`, asked every 2 ms on a new connection from before the start. Files are in the " +
  "system's cache, as they are for everybody who starts it a second time.";

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, progress }) {
  const truss = await installTruss();
  const trussProject = writeTrussProject(truss);
  const honoProject = writeHonoProject();
  const tsx = `${packageFolder("tsx")}/dist/cli.mjs`;
  const servers = {
    "truss-ts dev": (port) => [[truss.cli, "dev", trussProject, "--port", port, "--strict-port"], trussProject],
    "tsx watch (Hono)": () => [[tsx, "watch", "server.ts"], honoProject],
  };
  await takeTurns(servers, 1, startOnce);
  const samples = await takeTurns(servers, quick ? 7 : 15, startOnce, progress);
  const wall = figuresOf(samples, "first 200", "ms", (sample) => sample.wall);
  const tree = samples["truss-ts dev"][0].tree === undefined ? [] : figuresOfTree(samples);
  const peerWins =
    "`truss-ts dev` builds with esbuild, watches, and has a process for the model behind the one that owns the port, " +
    "so that a reload drops nothing; `tsx watch` starts one process that compiles as it imports.";
  return { figures: [...wall, ...tree], ratios: [ratioOf(wall[0], wall[1], { better: "lower", peerWins })] };
}

async function startOnce(command, name) {
  const port = await findFreePort();
  const [args, cwd] = command(String(port));
  const ask = (server) => awaitAnswer({ port, path: "/predict", body: question, server });
  const begun = performance.now();
  const server = start(process.execPath, args, { cwd, env: cleanEnv({ PORT: String(port) }) });
  try {
    const answer = await ask(server);
    const wall = performance.now() - begun;
    checkAnswer(name, answer);
    return { wall, tree: measureTree(server.pid) };
  } finally {
    await server.stop();
  }
}

function figuresOfTree(samples) {
  return [
    ...figuresOf(samples, "CPU so far", "ms", (sample) => sample.tree.cpu),
    ...figuresOf(samples, "processes", "", (sample) => sample.tree.processes),
  ];
}
