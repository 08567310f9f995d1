import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createWorker, OEM } from "tesseract.js";
import type { Worker } from "tesseract.js";
import { HttpError } from "truss-ts";
import type { ModelContext } from "truss-ts";

interface Reading {
  text: string;
  /** How sure Tesseract is, from 0 to 100. */
  confidence: number;
}

/** Tesseract, in WebAssembly; its English weights lie in node_modules. */
export class Model {
  private worker: Worker | undefined;

  constructor(private readonly context: ModelContext) {}

  async load(): Promise<void> {
    const weights = dirname(createRequire(import.meta.url).resolve("@tesseract.js-data/eng/package.json"));
    this.worker = await createWorker("eng", OEM.LSTM_ONLY, {
      langPath: join(weights, "4.0.0_best_int"),
      gzip: true,
      // Neither read from nor written to the working directory.
      cacheMethod: "none",
      // Without this an unreadable image would end the process; `recognize` rejects as well.
      errorHandler: () => undefined,
    });
  }

  /** `POST /predict` with an image: as the form field `image`, as base64 in JSON, or as the body itself. */
  async predict(input: unknown): Promise<Reading> {
    if (this.worker === undefined) throw new Error("load() has not run");
    const image = await readImage(input);
    try {
      const { data } = await this.worker.recognize(image);
      return { text: data.text.trim(), confidence: data.confidence };
    } catch (error) {
      this.context.log.warn("unreadable image", error);
      throw new HttpError(400, "The image cannot be read: is it damaged?");
    }
  }

  /** Ends the worker's thread, so that the process can end. */
  async close(): Promise<void> {
    await this.worker?.terminate();
    this.worker = undefined;
  }
}

async function readImage(input: unknown): Promise<Buffer> {
  const bytes = await readBytes(input);
  const known = signatures.some((signature) => bytes.subarray(0, signature.length).equals(Buffer.from(signature)));
  if (!known) throw new HttpError(400, "Give a PNG, JPEG, GIF, WebP, BMP or TIFF image in `image`");
  return bytes;
}

async function readBytes(input: unknown): Promise<Buffer> {
  if (input instanceof Uint8Array) return Buffer.from(input);
  const image = input instanceof FormData ? input.get("image") : fieldOf(input);
  if (image instanceof Blob) return Buffer.from(await image.arrayBuffer());
  if (typeof image !== "string") throw new HttpError(400, "Give an image in `image`: a file, or base64");
  // Browsers make data URLs: what is before the comma says no more than the bytes do.
  return Buffer.from(image.slice(image.startsWith("data:") ? image.indexOf(",") + 1 : 0), "base64");
}

function fieldOf(input: unknown): unknown {
  return typeof input === "object" && input !== null && "image" in input ? input.image : undefined;
}

/** How files of these formats begin. */
const signatures: readonly (readonly number[])[] = [
  [0x89, 0x50, 0x4e, 0x47],
  [0xff, 0xd8, 0xff],
  [0x47, 0x49, 0x46, 0x38],
  [0x52, 0x49, 0x46, 0x46],
  [0x42, 0x4d],
  [0x49, 0x49, 0x2a, 0x00],
  [0x4d, 0x4d, 0x00, 0x2a],
];
