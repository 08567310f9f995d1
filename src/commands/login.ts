import { Command } from "commander";
import { createClient } from "../baseten/client.ts";
import { defaultLogin, isLoginName, keepLogin, keptRemoteUrl } from "../baseten/credentials-login.ts";
import { trussRemoteUrl } from "../baseten/credentials-trussrc.ts";
import { shortPath } from "../baseten/folders.ts";
import { defaultRemoteUrl, resolveRemote } from "../baseten/remote.ts";
import { type Secret, createSecret, faultOfKey } from "../baseten/secret.ts";
import { type User, describeUser, fetchUser } from "../baseten/users.ts";
import { TrussError, exitCodes } from "../errors.ts";
import { createPrompts } from "../ui/prompts.ts";
import { type Job, runJob } from "./account.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";

interface LoginFlags extends CommonOptions {
  readonly apiKey?: string;
  readonly apiKeyStdin?: boolean;
  readonly remote: string;
  readonly remoteUrl?: string;
}

interface Login {
  readonly user: User;
  readonly remote: string;
  readonly remoteUrl: string;
  readonly file: string;
}

/** `truss-ts login`: keeps an API key, once Baseten has accepted it. */
export function createLoginCommand(io: CommandIo): Command {
  const command = new Command("login")
    .description("keep an API key of Baseten's for the other commands")
    .option("--api-key <key>", "the key; - reads it from stdin, where neither `ps` nor a shell's history sees it")
    .option("--api-key-stdin", "read the key from stdin")
    .option("--remote <name>", "what to call it, where you have several", defaultLogin)
    .option("--remote-url <url>", "the dashboard of another Baseten than the public one")
    .addHelpText("after", helpText)
    .action((flags: LoginFlags) => runJob(io, (job) => login(io, job, flags)));
  return withCommonOptions(command, "never ask; the key must be given");
}

const helpText = `
Asks for the key on a terminal and does not show it. Baseten is asked whose it is, and only a key that it
accepts is kept: in ~/.config/truss-ts/logins (or below XDG_CONFIG_HOME), readable by you alone.
Make keys at ${defaultRemoteUrl}/settings/api_keys

Every command looks for a key in this order:
  BASETEN_API_KEY, BASETEN_TRUSS_AUTH_API_KEY with BASETEN_TRUSS_AUTH_REMOTE_URL, BASETEN_PROFILE,
  truss-ts login, Truss's ~/.trussrc, the Baseten CLI's current profile.
--remote NAME takes a login, a section of .trussrc or a profile by its name instead.

Exit codes: 3 the key was refused, and nothing was kept; 1 Baseten cannot be reached, or the file not written.

Examples:
  $ truss-ts login
  $ echo "$KEY" | truss-ts login --api-key -
  $ truss-ts login --remote staging --api-key-stdin < key.txt`;

async function login(io: CommandIo, job: Job, flags: LoginFlags): Promise<void> {
  // Whoever lists the machine's processes need not see what was typed.
  if (flags.apiKey !== undefined) process.title = "truss-ts login";
  const { remote } = flags;
  const env = process.env;
  if (!isLoginName(remote))
    throw usage(`${JSON.stringify(remote)} cannot be the name of a login.`, "letters, digits, - and _");
  const remoteUrl =
    flags.remoteUrl ?? keptRemoteUrl(remote, env) ?? trussRemoteUrl(remote, env) ?? urlFromEnvironment();
  resolveRemote(env, remoteUrl);
  const { key, from } = await askForKey(io, job, flags);
  const { signal } = job.interruption;
  const client = createClient({ credentials: { key, from, remoteUrl }, env, report: job.report, signal });
  const user = await fetchUser(client);
  signal.throwIfAborted();
  const file = keepLogin({ remote, remoteUrl, key: key.reveal() }, env);
  tell(io, job, { user, remote, remoteUrl, file }, flags.json === true);
}

function urlFromEnvironment(): string {
  return process.env["BASETEN_REMOTE_URL"]?.trim() || defaultRemoteUrl;
}

/** Keys are short; whoever pipes a file of another kind hears of it. */
const stdinLimit = 64 * 1024;

async function askForKey(io: CommandIo, job: Job, flags: LoginFlags): Promise<{ key: Secret; from: string }> {
  const piped = flags.apiKeyStdin === true || flags.apiKey === "-";
  if (flags.apiKeyStdin === true && flags.apiKey !== undefined && flags.apiKey !== "-") {
    throw usage("--api-key and --api-key-stdin exclude each other.", "give one of them");
  }
  const [text, from] = piped
    ? [await readKey(io, job), "stdin"]
    : flags.apiKey === undefined
      ? [await promptForKey(io, job, flags), "what was typed"]
      : [flags.apiKey, "--api-key"];
  const fault = faultOfKey(text.trim());
  if (fault !== undefined)
    throw usage(`The key from ${from} ${fault}.`, "copy it again, without quotes or line breaks");
  return { key: createSecret(text.trim()), from };
}

async function readKey(io: CommandIo, { interruption }: Job): Promise<string> {
  const bytes = await io.readStdin(stdinLimit, interruption.signal);
  if (bytes === undefined) throw usage("There is more on stdin than a key.", "pipe the key alone");
  return Buffer.from(bytes).toString("utf8");
}

async function promptForKey(io: CommandIo, { interruption }: Job, flags: LoginFlags): Promise<string> {
  if (!io.isTty || flags.nonInteractive === true || flags.json === true) {
    throw usage("No key is given, and nobody can be asked.", "truss-ts login --api-key KEY, or pipe it: --api-key -");
  }
  const prompts = await createPrompts(interruption.signal);
  return prompts.password(`API key (from ${defaultRemoteUrl}/settings/api_keys)`);
}

function tell(io: CommandIo, { report }: Job, { user, remote, remoteUrl, file }: Login, json: boolean): void {
  const { workspace, email, name, id } = user;
  if (json) {
    io.stdout(`${JSON.stringify({ workspace, email, name, user_id: id, remote, remote_url: remoteUrl, file })}\n`);
  } else {
    io.stdout(`Logged in as ${describeUser(user)}\n`);
    report({ event: "note", message: `The key is kept in ${shortPath(file, process.env)}` });
  }
  const first = ["BASETEN_API_KEY", "BASETEN_TRUSS_AUTH_API_KEY", "BASETEN_PROFILE"].find(
    (variable) => process.env[variable],
  );
  if (first === undefined) return;
  report({
    event: "warning",
    message: `${first} is set and comes before this login.`,
    hint: "unset it to use the login",
  });
}

function usage(message: string, hint: string): TrussError {
  return new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}
