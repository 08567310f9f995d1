import { Command } from "commander";
import type { Credentials } from "../baseten/credentials.ts";
import { type User, fetchUser } from "../baseten/users.ts";
import { createStyle } from "../ui/style.ts";
import { type Job, openAccount, runJob } from "./account.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";

interface WhoamiFlags extends CommonOptions {
  readonly remote?: string;
}

/** `truss-ts whoami`: asks Baseten whose key would be used. */
export function createWhoamiCommand(io: CommandIo): Command {
  const command = new Command("whoami")
    .description("say whose key is used, and where it comes from")
    .option("--remote <name>", "a login, a section of .trussrc or a profile, by its name")
    .addHelpText("after", helpText)
    .action((flags: WhoamiFlags) => runJob(io, (job) => whoami(io, job, flags)));
  return withCommonOptions(command);
}

const helpText = `
Exit codes: 3 no key was found, or Baseten does not accept it; 1 Baseten cannot be reached.

Examples:
  $ truss-ts whoami
  $ truss-ts whoami --json   # {"workspace","email","name","user_id","remote","remote_url","source","from","file","key"}`;

async function whoami(io: CommandIo, job: Job, flags: WhoamiFlags): Promise<void> {
  const { credentials, client } = openAccount(job, flags.remote);
  const user = await fetchUser(client);
  io.stdout(
    flags.json === true ? toJson(user, credentials) : toText(user, credentials, io.hasColors && io.showsResult),
  );
}

function toJson({ workspace, email, name, id }: User, credentials: Credentials): string {
  const { remote = null, remoteUrl, source, from, file = null, key } = credentials;
  const found = { remote, remote_url: remoteUrl, source, from, file, key: key.masked };
  return `${JSON.stringify({ workspace, email, name, user_id: id, ...found })}\n`;
}

function toText({ workspace, email, name }: User, { key, from, remoteUrl }: Credentials, colors: boolean): string {
  const style = createStyle(colors);
  const rows = [
    ["workspace", workspace],
    ["email", email],
    ["name", name],
    ["key", `${key.masked} from ${from}`],
    ["at", remoteUrl],
  ] as const;
  return rows
    .flatMap(([label, value]) => (value === null ? [] : [`${style.dim(label.padEnd(9))}  ${value}\n`]))
    .join("");
}
