import { createReadStream, statSync } from "node:fs";
import { TrussError, exitCodes } from "../errors.ts";
import type { Job } from "./account.ts";
import type { CommandIo } from "./io.ts";
import { readProjectConfig } from "./project-model.ts";

export interface InputFlags {
  readonly data?: string;
  readonly file?: string;
}

/** What is sent, and what may be said of it without being asked. */
export interface PredictInput {
  readonly bytes: Uint8Array;
  /** The body is JSON; otherwise the caller must say what it is. */
  readonly json: boolean;
  /** `--data`, a file's name, … */
  readonly from: string;
}

/** Bytes. Beyond it a server would hardly take it. */
const inputLimit = 512 * 1024 * 1024;

/**
 * The body of a call: `--data`, `--file`, or else the project's own example.
 *
 * @throws TrussError USAGE
 */
export async function readInput(io: CommandIo, job: Job, dir: string, flags: InputFlags): Promise<PredictInput> {
  if (flags.data !== undefined && flags.file !== undefined) {
    throw usage("--data and --file exclude each other.", "give one of them");
  }
  if (flags.data !== undefined) return toInput(Buffer.from(flags.data), "--data");
  if (flags.file === "-") return toInput(await readStdin(io, job), "stdin");
  if (flags.file !== undefined) return toInput(await readInputFile(flags.file, job), flags.file);
  const example = await readExample(dir);
  if (example !== undefined) return toInput(Buffer.from(JSON.stringify(example)), "model_metadata.example_model_input");
  throw usage(
    "There is nothing to send.",
    "give --data JSON or --file PATH, or put model_metadata.example_model_input into config.yaml",
  );
}

/** Refuses a body that is not JSON unless its type is said: most likely it is a slip. */
export function requireType({ bytes, json, from }: PredictInput, contentType: string | undefined): string {
  if (contentType !== undefined) return contentType;
  if (json) return "application/json";
  const hint =
    from === "--data"
      ? `JSON looks like --data '{"prompt":"Hello"}'`
      : "if it is meant to be something else, say what: --header content-type:image/png";
  const why = bytes.length === 0 ? "is empty" : `is not JSON: ${describeFault(bytes)}`;
  throw usage(`What ${from} gives ${why}.`, hint);
}

function toInput(bytes: Uint8Array, from: string): PredictInput {
  return { bytes, json: describeFault(bytes) === undefined, from };
}

function describeFault(bytes: Uint8Array): string | undefined {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "it cannot be read";
  }
}

async function readStdin(io: CommandIo, { interruption }: Job): Promise<Uint8Array> {
  const bytes = await io.readStdin(inputLimit, interruption.signal);
  if (bytes === undefined) throw usage("There is too much on stdin.", "512 MiB are the most");
  return bytes;
}

/** As a stream: a device may have no end, and a pipe is read while its other side still writes. */
async function readInputFile(path: string, { interruption }: Job): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    if (statSync(path).isDirectory()) throw usage(`${path} is a folder.`, "give the file to send");
    const stream = createReadStream(path, { signal: interruption.signal });
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > inputLimit) throw usage(`${path} is too large to send.`, "512 MiB are the most");
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch (error) {
    interruption.signal.throwIfAborted();
    if (error instanceof TrussError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw usage(`${path} cannot be read (${code}).`, "give a file that is there, or - for stdin");
  }
}

async function readExample(dir: string): Promise<unknown> {
  const metadata = (await readProjectConfig(dir))?.["model_metadata"];
  if (typeof metadata !== "object" || metadata === null || !("example_model_input" in metadata)) return undefined;
  return metadata.example_model_input ?? undefined;
}

function usage(message: string, hint: string): TrussError {
  return new TrussError("USAGE", message, { hint, exitCode: exitCodes.usage });
}
