import { describe, expect, it, vi } from "vitest";
import { createProject, patience, startDev } from "./dev-server.ts";

const model = "model/model.ts";

/** A model that tells how often it was loaded, by which process, and how often it has answered. */
const modelOf = (value: string, more = "") =>
  `export class Model {
  loads = 0;
  answers = 0;
  async load() { this.loads += 1; }
  predict() { this.answers += 1; return [${JSON.stringify(value)}, this.loads, this.answers, process.pid]; }
${more}}\n`;

async function startHot(files: Readonly<Record<string, string>>) {
  const project = createProject(files);
  const dev = startDev(project, ["--reload", "hot"]);
  await dev.event("ready");
  return { project, dev };
}

const hot = (why: string) => ({ how: "hot", why });
const swap = (why: string) => ({ how: "swap", why });

describe("--reload hot", () => {
  it("puts edited methods under the live instance: no load, the same process, its fields as they were", async () => {
    const { project, dev } = await startHot({ [model]: modelOf("one") });
    const pid = ((await dev.predict()).body as unknown[])[3];
    project.save(model, modelOf("two"));
    expect(await dev.event("reloaded")).toMatchObject({ ...hot("only predict() changed"), changed: [model] });
    expect((await dev.predict()).body).toEqual(["two", 1, 2, pid]);
    project.save(model, modelOf("three"));
    await dev.event("reloaded", 2);
    expect((await dev.predict()).body).toEqual(["three", 1, 3, pid]);
  });

  it("starts anew where a file that load() may have read changed while the code was broken", async () => {
    const { project, dev } = await startHot({ [model]: modelOf("one"), "model/labels.txt": "a" });
    project.save(model, "export class Model {");
    await dev.event("reload_failed");
    project.save("model/labels.txt", "b");
    await dev.event("reload_failed", 2);
    project.save(model, modelOf("two"));
    const why = swap("model/labels.txt is not part of the code");
    expect(await dev.event("reloaded")).toMatchObject({ ...why, changed: ["model/labels.txt", model] });
  });

  it("starts anew where load(), config.yaml, or a file beside the code changed, and says so", async () => {
    const { project, dev } = await startHot({ [model]: modelOf("one"), "model/labels.txt": "a" });
    const load = modelOf("two").replace("this.loads += 1;", "this.loads += 10;");
    project.save(model, load);
    expect(await dev.event("reloaded")).toMatchObject(swap("load() changed"));
    expect((await dev.predict()).body).toEqual(["two", 10, 1, expect.any(Number)]);
    project.save("config.yaml", "model_name: renamed\n");
    expect(await dev.event("reloaded", 2)).toMatchObject(swap("the project was read again"));
    project.save("model/labels.txt", "b");
    expect(await dev.event("reloaded", 3)).toMatchObject(swap("model/labels.txt is not part of the code"));
    project.save(model, load.replace("two", "three"));
    expect(await dev.event("reloaded", 4)).toMatchObject(hot("only predict() changed"));
  });

  it("starts anew where an imported text is also read by load()", async () => {
    const text = `import prompt from "./prompt.txt";\nimport { readFileSync } from "node:fs";\n`;
    const reading = `  kept = ""; load() { this.kept = readFileSync(new URL("./prompt.txt", import.meta.url), "utf8"); }\n`;
    const { project, dev } = await startHot({
      [model]: `${text}export class Model {\n${reading}  predict() { return [prompt, this.kept]; }\n}\n`,
      "model/prompt.txt": "one",
    });
    project.save("model/prompt.txt", "two");
    const why = swap("the code may also read model/prompt.txt by itself");
    expect(await dev.event("reloaded")).toMatchObject(why);
    expect((await dev.predict()).body).toEqual(["two", "two"]);
  });

  it("adds and takes endpoints; an edit that leaves none changes nothing", async () => {
    const { project, dev } = await startHot({ [model]: modelOf("one") });
    project.save(model, modelOf("one", "  embeddings() { return { hello: 1 }; }\n"));
    const { endpoints } = await dev.event("reloaded");
    expect(endpoints?.map(({ method }) => method)).toEqual(["predict", "embeddings"]);
    expect(await dev.predict({ input: "a" }, "/v1/embeddings")).toEqual({ status: 200, body: { hello: 1 } });
    project.save(model, modelOf("two").replace("predict()", "other()"));
    expect(await dev.event("reload_failed")).toMatchObject({ code: "NO_ENDPOINT", serving: true });
    expect((await dev.predict()).body).toEqual(["one", 1, 1, expect.any(Number)]);
    project.save(model, "export class Model {");
    expect(await dev.event("reload_failed", 2)).toMatchObject({ code: "BUILD_FAILED" });
    project.save(model, modelOf("three"));
    expect(await dev.event("reloaded", 2)).toMatchObject({ how: "hot" });
    expect((await dev.predict()).body).toEqual(["three", 1, 2, expect.any(Number)]);
  });

  it("lets a stream go on with the code that it began with", async () => {
    const streaming = (word: string) =>
      `export class Model {\n  async *predict() { yield "${word} "; while (!this.open) await new Promise((done) => setTimeout(done, 5)); yield "${word}"; }\n` +
      `  open = false;\n  completions() { this.open = true; return { ok: true }; }\n}\n`;
    const { project, dev } = await startHot({ [model]: streaming("old") });
    const answer = await fetch(`${await dev.url()}/predict`, { method: "POST", body: "{}" });
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    project.save(model, streaming("new"));
    expect(await dev.event("reloaded")).toMatchObject({ how: "hot" });
    await dev.predict({}, "/v1/completions");
    let text = Buffer.from(first?.value ?? []).toString();
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      text += Buffer.from(part.value).toString();
    expect(text).toBe("old old");
  });

  it("comes back with the newest code when its process is killed", async () => {
    const { project, dev } = await startHot({ [model]: modelOf("one") });
    project.save(model, modelOf("two"));
    await dev.event("reloaded");
    const [, , , pid] = (await dev.predict()).body as unknown[];
    process.kill(Number(pid), "SIGKILL");
    expect((await dev.predict()).body).toEqual(["two", 1, 1, expect.any(Number)]);
    project.save(model, modelOf("three"));
    expect(await dev.event("reloaded", 2)).toMatchObject({ how: "hot" });
    expect((await dev.predict()).body).toEqual(["three", 1, 2, expect.any(Number)]);
  });

  it("shows errors at their new lines", async () => {
    const { project, dev } = await startHot({ [model]: modelOf("one", "  fail() {}\n") });
    const helper = "function fail() { throw new Error('at the new place'); }\n";
    project.save(model, `// one\n// more\n// line\n${helper}${modelOf("one").replace("this.answers += 1", "fail()")}`);
    await dev.event("reloaded");
    expect((await dev.predict()).status).toBe(500);
    await vi.waitFor(() => expect(dev.stderr).toContain("model/model.ts:4"), patience);
    project.save(model, `// one more\n${project.read(model)}`);
    await dev.event("reloaded", 2);
    expect((await dev.predict()).status).toBe(500);
    await vi.waitFor(() => expect(dev.stderr).toContain("model/model.ts:5"), patience);
    expect(dev.stderr).toContain("model/model.ts:9");
  });

  it("starts anew when the model is busy", async () => {
    const busy = (value: number) =>
      `export class Model { predict(input: any) { if (input.loop) { console.log("looping"); for (;;); } return ${value}; } }\n`;
    const { project, dev } = await startHot({ [model]: busy(1) });
    const stuck = dev.predict({ loop: true });
    await vi.waitFor(() => expect(dev.stderr).toContain("looping"), patience);
    project.save(model, busy(2));
    expect(await dev.event("reloaded")).toMatchObject(swap("the model was busy"));
    await dev.answers(2);
    expect((await stuck).status).toBe(502);
  });
});
