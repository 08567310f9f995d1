import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningModel } from "../contract/clients/start.ts";
import { clients } from "./all.ts";
import { absent, startMatrix } from "./cases.ts";
import type { Answer, Client } from "./client.ts";

const everyone = Object.values(clients)
  .flat()
  .flatMap((client) =>
    (["whole", "streamed"] as const).flatMap((way) => (client[way] === undefined ? [] : [{ client, way }])),
  );

const cuts = [
  ["serve", "the model's process"],
  ["serve", "the whole server"],
  ["dev", "the model's process"],
] as const;

/** All clients are in the midst of an answer when a process is killed: what each of them sees is then looked at. */
describe.skipIf(absent).each(cuts)("%s: %s is killed", (command, victim) => {
  let model: RunningModel | undefined;
  const outcomes = new Map<object, Answer | Error>();

  beforeAll(async () => {
    const running = await startMatrix(command);
    model = running;
    const readings = everyone.map((one, number) => read(running, one, number));
    await Promise.all(readings.map(({ begun }) => begun));
    if (victim === "the whole server") running.child.kill("SIGKILL");
    else process.kill(await pidOf(running), "SIGKILL");
    for (const [index, { outcome }] of readings.entries()) outcomes.set(everyone[index] ?? {}, await outcome);
  });
  afterAll(() => model?.close());

  it.each(everyone.map((one) => [`${one.client.name}, ${one.way}`, one] as const))("no clean end: %s", (_, one) => {
    const outcome = outcomes.get(one);
    const shown = outcome instanceof Error ? "an error" : `finish ${String(outcome?.finish)}`;
    // A client that throws for nothing in a stream still tells by its finish.
    const told = "error message streamed" in one.client.lacks ? ["an error", "finish error"] : ["an error"];
    expect(told).toContain(shown);
  });
});

function read(running: RunningModel, { client, way }: (typeof everyone)[number], number: number) {
  const name = `endless--cut-${number}`;
  let told: () => void = () => undefined;
  const firstText = new Promise<void>((resolve) => (told = resolve));
  const call: Client["whole"] = client[way];
  if (call === undefined) throw new Error(`${client.name} has no such way`);
  const outcome = call({ base: running.bases.local, model: name, onText: told }).catch((error: unknown) =>
    error instanceof Error ? error : new Error(JSON.stringify(error)),
  );
  const started = running.waitFor("start", name);
  return { outcome, begun: way === "streamed" ? Promise.all([started, firstText]) : started };
}

async function pidOf(running: RunningModel): Promise<number> {
  const response = await fetch(`${running.url}/predict`, { method: "POST", body: '{"pid":true}' });
  return ((await response.json()) as { pid: number }).pid;
}
