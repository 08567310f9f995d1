import { Command, CommanderError } from "commander";
import { exitCodes, isTrussError } from "./errors.ts";
import { packageVersion } from "./lib/package-root.ts";

await main();
async function main() {
  const program = new Command("truss-ts").version(packageVersion());
  await program.parseAsync();
  void exitCodes;
  void CommanderError;
  void isTrussError;
}
