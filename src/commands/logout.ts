import { Command } from "commander";
import { chooseLogin, defaultLogin, forgetLogin, listLogins } from "../baseten/credentials-login.ts";
import { type Credentials, findCredentials } from "../baseten/credentials.ts";
import { shortPath } from "../baseten/folders.ts";
import { isTrussError } from "../errors.ts";
import { createStory } from "./account.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";

interface LogoutFlags extends CommonOptions {
  readonly remote?: string;
}

/** `truss-ts logout`: forgets what `login` has kept. */
export function createLogoutCommand(io: CommandIo): Command {
  const command = new Command("logout")
    .description("forget the key that login has kept")
    .option("--remote <name>", "which login, where there are several")
    .addHelpText("after", helpText)
    .action((flags: LogoutFlags) => logout(io, flags));
  return withCommonOptions(command);
}

const helpText = `
Removes the file of truss-ts login alone: variables, Truss's .trussrc and the Baseten CLI's profiles stay.
The key itself stays valid; revoke it at https://app.baseten.co/settings/api_keys
Where there is nothing to forget, that is said, and the exit code is 0 all the same.`;

function logout(io: CommandIo, flags: LogoutFlags): void {
  const env = process.env;
  const remote = flags.remote ?? chooseLogin(listLogins(env)) ?? defaultLogin;
  const file = forgetLogin(remote, env);
  const left = findLeft();
  const told = { removed: file !== undefined, remote, file: file ?? null, still_from: left?.from ?? null };
  if (flags.json === true) io.stdout(`${JSON.stringify(told)}\n`);
  else io.stdout(file === undefined ? "There was no login to forget\n" : `Forgot ${shortPath(file, env)}\n`);
  if (left === undefined) return;
  createStory(io)({ event: "note", message: `A key is still found: ${left.from}` });
}

function findLeft(): Credentials | undefined {
  try {
    return findCredentials({ env: process.env });
  } catch (error) {
    if (isTrussError(error)) return undefined;
    throw error;
  }
}
