import { Command, Option } from "commander";
import { type AnswerForm, renderAnswer } from "../baseten/predict/answer.ts";
import { type ModelAnswer, callModel } from "../baseten/predict/call.ts";
import { refuseAnswer } from "../baseten/predict/refusal.ts";
import { listRoutes } from "../baseten/predict/routes.ts";
import { joinRoute, pickRoute } from "../baseten/predict/target.ts";
import { TrussError, exitCodes } from "../errors.ts";
import { safeText } from "../ui/safe-text.ts";
import { type Job, runJob } from "./account.ts";
import { type CommandIo, type CommonOptions, withCommonOptions } from "./io.ts";
import { type InputFlags, readInput, requireType } from "./predict-input.ts";
import { type CallTarget, type TargetFlags, checkTarget, findTarget } from "./predict-target.ts";

interface PredictFlags extends CommonOptions, InputFlags, TargetFlags {
  readonly header: Readonly<Record<string, string>>;
  readonly timeout?: number;
  readonly raw?: boolean;
  readonly text?: boolean;
}

/** `truss-ts predict [dir]`: calls an endpoint, and prints its answer as it comes. */
export function createPredictCommand(io: CommandIo): Command {
  const command = new Command("predict")
    .description("call an endpoint of a model, local or deployed")
    .argument("[dir]", "the project's folder, for its name and its example", ".")
    .option("-d, --data <json>", "what to send")
    .option("-f, --file <path>", "send this file; -: stdin")
    .option("-e, --endpoint <method>", "chat_completions, messages, … or a /path (default: predict, or what there is)")
    .option("-u, --url <url>", "a server's address (default: http://127.0.0.1:8080, where dev and serve are)")
    .option("--environment <name>", "the deployed model, in this environment")
    .option("--deployment <id>", "the deployed model, this deployment of it")
    .addOption(new Option("--deployment-id <id>").hideHelp())
    .option("--development", "the deployed model, its development deployment")
    .option("--model-id <id>", "the deployed model of this id, in production unless said otherwise")
    .option("--model-name <name>", "the deployed model of this name instead of the project's")
    .option("--remote <name>", "whose key to use, where you have several")
    .option("--with-key", "send the API key to --url too, although it is not Baseten's")
    .addOption(
      new Option("-H, --header <name:value>", "send this header; may be repeated")
        .argParser(addHeader)
        .default({}, "none of yours"),
    )
    .option("--timeout <seconds>", "give up when the whole answer takes longer (default: never)", parseSeconds)
    .option("--raw", "print the bytes as they come (the default where stdout is not a terminal)")
    .option("--text", "print what the model has written, without the JSON around it")
    .addHelpText("after", helpText)
    .action((dir: string, flags: PredictFlags) => runJob(io, (job) => predict(io, job, dir, flags)));
  return withCommonOptions(command);
}

const helpText = `
Without --data and --file, model_metadata.example_model_input of config.yaml is sent.

stdout has the answer and nothing else. Streams are printed as they come: into a pipe or a file byte by byte,
on a terminal the text in them; --json makes one JSON value a line of anything. What a server says when it
refuses or fails goes to stderr.

Exit codes: 0 answered; 3 for 401 and 403; 4 for 404; 5 for any other 4xx; 6 for 5xx, and where a stream says
that it failed; 1 where there is no connection, it breaks off, or takes too long; 2 usage; 130 Ctrl-C.

Examples:
  $ truss-ts predict --data '{"prompt":"Hello"}'
  $ truss-ts predict -e chat_completions -d '{"stream":true,"messages":[{"role":"user","content":"Hi"}]}'
  $ truss-ts predict --environment production --file request.json --json
  $ truss-ts predict --url 8081 --file scan.png -H content-type:image/png > text.json`;

async function predict(io: CommandIo, job: Job, dir: string, flags: PredictFlags): Promise<void> {
  if (flags.raw === true && [flags.text, flags.json].includes(true)) throw usage("--raw excludes --text and --json.");
  checkTarget(flags);
  const input = await readInput(io, job, dir, flags);
  const type = requireType(input, flags.header["content-type"]);
  const deadline = createDeadline(job, io, flags.timeout);
  try {
    const target = await findTarget(job, dir, flags);
    const url = target.url ?? (await pickUrl(target, deadline.signal));
    const headers = { ...keyHeader(target), "content-type": type, ...flags.header };
    const call = { method: "POST", url, headers, body: input.bytes, signal: deadline.signal } as const;
    const answer = await callModel(call);
    if (answer.status < 200 || answer.status > 299) {
      throw await refuseAnswer(answer, { ...target, url, signal: deadline.signal }, (text) =>
        tellBody(io, flags, text),
      );
    }
    await print(io, job, answer, formOf(io, flags));
  } catch (error) {
    // Nobody reads any more, as after `| head`: that is no failure.
    if (!io.readerGone.aborted) throw error;
  } finally {
    deadline.clear();
  }
}

function keyHeader({ account }: CallTarget): Readonly<Record<string, string>> {
  return account === undefined ? {} : { authorization: `Bearer ${account.credentials.key.reveal()}` };
}

/** Without an endpoint that is named: `predict` where the server has it, else what it has. */
async function pickUrl(target: CallTarget, signal: AbortSignal): Promise<URL> {
  const routes = await listRoutes(target.base, keyHeader(target), signal);
  return joinRoute(target.base, pickRoute(routes ?? []) ?? "/predict");
}

function formOf(io: CommandIo, { json, text, raw }: PredictFlags): AnswerForm {
  if (json === true) return "json";
  if (text === true) return "text";
  return io.showsResult && raw !== true ? "terminal" : "raw";
}

async function print(io: CommandIo, job: Job, answer: ModelAnswer, form: AnswerForm): Promise<void> {
  let last = "\n";
  try {
    for await (const piece of renderAnswer(answer, form, job.report)) {
      const shown = typeof piece === "string" && io.showsResult ? safeText(piece) : piece;
      if (shown.length > 0) io.stdout(shown);
      last = typeof shown === "string" ? shown : String.fromCharCode(shown.at(-1) ?? 10);
    }
  } finally {
    // Bytes stay as they came; a person's next prompt begins on a line of its own.
    const open = !last.endsWith("\n") && (form !== "raw" || io.showsResult);
    if (open) io.stdout("\n");
  }
}

/** With --json it is in the error object instead. */
function tellBody(io: CommandIo, { json }: PredictFlags, text: string): void {
  if (json !== true && text !== "") io.stderr(`${safeText(text).trimEnd()}\n`);
}

function createDeadline({ interruption }: Job, io: CommandIo, seconds: number | undefined) {
  const late = new AbortController();
  const reason = () =>
    new TrussError("REQUEST_FAILED", `There was no whole answer within ${seconds} s.`, {
      hint: "--timeout says how long to wait",
    });
  const timer = seconds === undefined ? undefined : setTimeout(() => late.abort(reason()), seconds * 1_000);
  const signal = AbortSignal.any([interruption.signal, late.signal, io.readerGone]);
  return { signal, clear: () => clearTimeout(timer) };
}

function addHeader(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([!#$%&'*+\-.^`|~\w]+)\s*:\s*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw usage("--header is not of the form name:value.");
  return { ...before, [name.toLowerCase()]: value.trim() };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  // What a timer can hold.
  if (seconds > 0 && seconds < 2_000_000) return seconds;
  throw usage(`--timeout takes a number of seconds, not ${JSON.stringify(text)}.`);
}

function usage(message: string): TrussError {
  return new TrussError("USAGE", message, { hint: "truss-ts predict --help has examples", exitCode: exitCodes.usage });
}
