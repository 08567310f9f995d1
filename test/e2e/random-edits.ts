import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "./dev-server.ts";

/** A source of chance that the same seed repeats (mulberry32). */
export function createChance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  const pick = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  };
  return { below, pick };
}

export const model = "model/model.ts";

/** A model that tells which edit it is, at once or in a stream. */
export function numbered(value: number, more = ""): string {
  return `import { scale } from "./scale.ts";
export class Model {
  predict(input: { lines?: number }) {
    if (input.lines !== undefined) return this.stream(input.lines);
    return { value: ${value}, scale };
  }
  private async *stream(lines: number) {
    for (let line = 0; line < lines; line += 1) {
      yield "${value}\\n";
      await new Promise((done) => setTimeout(done, 10));
    }
    yield "end\\n";
  }
${more}}
`;
}

/** What people, editors and tools do to a project. Each does one thing, named in the log of the test. */
export function createEdits(project: TestProject, chance: ReturnType<typeof createChance>) {
  let value = 0;
  const save = (text: string) => project.save(model, text);
  const write = (file: string, text: string) => writeFileSync(join(project.dir, file), text);
  const good = () => save(numbered((value += 1)));
  const broken = (text: string) => () => save(text);
  const inLoad = (code: string) => () => save(numbered(-1, `  load() { ${code} }\n`));
  const edits: Record<string, () => void> = {
    good,
    again: good,
    "good, in place": () => write(model, numbered((value += 1))),
    "good, after many": () => {
      for (let turn = 0; turn < 5; turn += 1) good();
    },
    "a helper": () => project.save("model/scale.ts", `export const scale = ${chance.below(100)};\n`),
    "half a file": broken(numbered(-1).slice(0, 120)),
    "an empty file": () => write(model, ""),
    "a missing import": broken(`import "./nowhere.ts";\n${numbered(-1)}`),
    "a missing package": broken(`import nothing from "no-such-package";\nnothing();\n${numbered(-1)}`),
    "a throwing module": broken(`throw new Error("early");\n${numbered(-1)}`),
    "a throwing constructor": broken(numbered(-1, '  constructor() { throw new Error("born bad"); }\n')),
    "a throwing load": inLoad('throw new Error("no weights");'),
    "an exiting load": inLoad("process.exit(1);"),
    "a crashing load": inLoad("process.kill(process.pid, 'SIGSEGV');"),
    "an endless load": inLoad("return new Promise(() => setInterval(() => {}, 1000));"),
    "a looping load": inLoad("for (;;);"),
    "a rejection": inLoad('void Promise.reject(new Error("detached")); return new Promise(() => {});'),
    "no model": () => project.remove("model"),
    "a broken config": () => project.save("config.yaml", "model_name: [\n"),
    "another config": () => project.save("config.yaml", `model_name: n${chance.below(1000)}\n`),
    "no config": () => project.remove("config.yaml"),
    "another variable": () => project.save(".env", `A=${chance.below(1000)}\n`),
    data: () => {
      mkdirSync(join(project.dir, "data"), { recursive: true });
      appendFileSync(join(project.dir, "data", `${chance.below(50)}.bin`), "more");
    },
    "no bundles": () => project.remove("node_modules/.cache"),
  };
  return {
    /** Makes any edit; answers with its name. */
    any(): string {
      const name = chance.pick(Object.keys(edits));
      try {
        edits[name]?.();
      } catch (error) {
        // What is to be removed is not there.
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      }
      return name;
    },
    /** Puts all in order again; answers with the number that is to be served from then on. */
    mend(): number {
      project.save("config.yaml", "model_name: test\n");
      project.save("model/scale.ts", "export const scale = 1;\n");
      good();
      return value;
    },
  };
}
