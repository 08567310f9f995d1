import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { TrussError } from "../../errors.ts";
import type { Project } from "../../project/types.ts";
import { streamArchive } from "../archive.ts";
import { isPushed, resolveOut } from "../out-folder.ts";
import type { PublishRequest, Published, Stage, Target } from "../types.ts";

/** A plain tar of the stage. */
export const archive: Target = {
  name: "archive",
  options: [{ flags: "--out <dir>", description: "folder for what is made (default: the working directory)" }],
  async publish(request) {
    const { stage, flags, dryRun } = request;
    const folder = findFolder(stage.project, flags["out"]);
    const file = join(folder, archiveName(stage));
    for (const { message, hint = "" } of stage.config.faults) {
      request.report({ event: "warning", message: `Baseten could not build this: ${message}`, hint });
    }
    if (!dryRun) await write(request, folder, file);
    return describe(request, file);
  },
};

/** Without `--out` the working directory; the project's own folder where that one is pushed itself. */
function findFolder(project: Project, out: unknown): string {
  if (typeof out === "string") return resolveOut(project, out);
  return isPushed(project, ".") ? resolveOut(project, project.root) : resolveOut(project, ".");
}

function archiveName({ project, digest }: Stage): string {
  const name = (project.config.modelName ?? "model").toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-");
  return `${name.replaceAll(/^[-.]+|[-.]+$/g, "").slice(0, 80) || "model"}-${digest.slice(7, 19)}.tar`;
}

/** Under another name until it is whole; what was begun is taken away whatever happens. */
async function write({ stage, report, signal }: PublishRequest, folder: string, file: string): Promise<void> {
  const begun = join(folder, `.${randomBytes(6).toString("hex")}.tar.part`);
  const hash = createHash("sha256");
  let size = 0;
  async function* counted(pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      size += piece.length;
      hash.update(piece);
      report({ event: "progress", task: "Writing the archive", done: size, total: stage.archiveSize });
      yield piece;
    }
  }
  try {
    await mkdir(folder, { recursive: true });
    await pipeline(streamArchive(stage.files, { signal }), counted, createWriteStream(begun, { flags: "wx" }), {
      signal,
    });
    requireSame(stage, `sha256:${hash.digest("hex")}`);
    await rename(begun, file);
  } catch (error) {
    await rm(begun, { force: true }).catch(() => undefined);
    signal.throwIfAborted();
    throw describeFailure(folder, error);
  }
}

function requireSame(stage: Stage, digest: string): void {
  if (digest === stage.digest) return;
  throw new TrussError("STAGE_CONFLICT", "A file of the project changed while the archive was written.", {
    hint: "Let whatever writes it end, and push again.",
  });
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: "a file is in its place",
  ENOTDIR: "a file is in its place",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "its disk is read-only",
  ENOSPC: "its disk is full",
  EDQUOT: "your share of its disk is used up",
};

function describeFailure(folder: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!(error instanceof Error) || error instanceof TrussError || code === "") return error;
  const reason = reasons[code] ?? code;
  return new TrussError("WRITE_FAILED", `The archive cannot be written to ${folder}: ${reason}.`, {
    hint: "Name another folder with --out.",
    cause: error,
  });
}

function describe({ stage, dryRun }: PublishRequest, file: string): Published {
  const shown = relative(process.cwd(), file);
  const path = shown.startsWith("..") ? file : shown;
  const { digest, archiveSize, installation } = stage;
  return {
    reference: dryRun ? digest : path,
    json: { path: dryRun ? null : file, size: archiveSize },
    summary: dryRun ? [["Archive", `${path} (not written)`]] : [["Archive", path]],
    next: [
      `mkdir run && tar xf ${path} -C run`,
      ...(installation === undefined ? [] : [`(cd run/model && ${installation.command})`]),
      "node run/model/server.mjs",
    ],
  };
}
