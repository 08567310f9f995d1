import { HttpError } from "truss-ts";
import type { ModelContext } from "truss-ts";

interface Input {
  prompt?: unknown;
}

export class Model {
  private greeting = "";

  /** Runs once. `context` holds the config, the secrets, the environment, the data folder and a log. */
  constructor(private readonly context: ModelContext) {}

  /** Read weights here: requests wait until it is done. */
  async load(): Promise<void> {
    this.greeting = "Hello";
    this.context.log.info("loaded");
  }

  /** Answers `POST /predict`. Return a value, a Response, bytes, or yield a stream. */
  async predict(input: Input): Promise<{ output: string }> {
    const prompt = input?.prompt;
    if (typeof prompt !== "string") throw new HttpError(400, "Give a prompt, as a string");
    return { output: `${this.greeting}, ${prompt}!` };
  }
}
