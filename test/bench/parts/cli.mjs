import { figuresOf, ratioOf, takeTurns } from "../tools/figures.mjs";
import { timeCommand } from "../tools/timed-command.mjs";
import { installTruss } from "../tools/truss-package.mjs";

export const title = "Starting the command line";

export const about =
  "`truss-ts --version` against `node -e 0`, whole processes from start to end, in turn. What is above 1 is the cost " +
  "of the command line itself; every command pays it.";

/** @type {import("../main.mjs").Part} */
export async function measure({ quick, progress }) {
  const truss = await installTruss();
  const commands = {
    "truss-ts --version": [process.execPath, truss.cli, "--version"],
    "node -e 0": [process.execPath, "-e", "0"],
  };
  await takeTurns(commands, 2, (command) => timeCommand(command));
  const samples = await takeTurns(commands, quick ? 15 : 31, (command) => timeCommand(command), progress);
  const wall = figuresOf(samples, "wall", "ms", (sample) => sample.wall);
  const cpu = figuresOf(samples, "CPU", "ms", (sample) => sample.cpu);
  const peerWins = "Node alone loads no file; nobody who loads one can be below 1.";
  return {
    figures: [...wall, ...cpu],
    ratios: [wall, cpu].map(([ours, theirs]) => ratioOf(ours, theirs, { better: "lower", peerWins })),
  };
}
