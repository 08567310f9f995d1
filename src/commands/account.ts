import { type BasetenClient, createClient } from "../baseten/client.ts";
import { type Credentials, findCredentials } from "../baseten/credentials.ts";
import type { Reporter } from "../events.ts";
import { createPrettyReporter } from "../ui/pretty.ts";
import { type Interruption, listenForInterrupt } from "./interrupt.ts";
import type { CommandIo } from "./io.ts";

/** What a command that speaks to Baseten works with. */
export interface Account {
  readonly credentials: Credentials;
  readonly client: BasetenClient;
}

/** A command's work with its story and its end by Ctrl-C. */
export interface Job {
  readonly report: Reporter;
  readonly interruption: Interruption;
}

/** Does work that Ctrl-C ends with exit code 130. */
export async function runJob(io: CommandIo, work: (job: Job) => Promise<void>): Promise<void> {
  const interruption = listenForInterrupt(io);
  try {
    await interruption.guard(work({ report: createStory(io), interruption }));
  } finally {
    interruption.release();
  }
}

/**
 * Finds the key and warns of what is wrong with where it was found.
 *
 * @throws TrussError AUTH_MISSING
 */
export function openAccount({ report, interruption }: Job, remote: string | undefined): Account {
  const env = process.env;
  const credentials = findCredentials({ env, remote });
  for (const warning of credentials.warnings) report({ event: "warning", ...warning });
  return { credentials, client: createClient({ credentials, env, report, signal: interruption.signal }) };
}

/** All on stderr: stdout is for the result. */
export function createStory({ stderr, hasColors, columns }: CommandIo): Reporter {
  return createPrettyReporter({ stdout: stderr, stderr }, { root: process.cwd(), colors: hasColors, columns });
}
