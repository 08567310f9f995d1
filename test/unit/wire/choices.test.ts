import { describe, expect, it } from "vitest";
import { type GenerationPart, toChatCompletion, toCompletion } from "../../../src/index.ts";
import { collect, createStuckGeneration, generate } from "./helpers.ts";

const usage = (output_tokens: number): GenerationPart => ({ type: "usage", input_tokens: 7, output_tokens });
const answers = [
  ["a", "b", usage(2)],
  ["c", usage(1), { type: "finish", reason: "length" }],
  [{ type: "tool_call", id: "call_1", name: "f", arguments: "{}" }, usage(4)],
] as const satisfies readonly (readonly (string | GenerationPart)[])[];
const begin = (index: number) => generate(answers[index] ?? []);
const input = { model: "m", n: 3, messages: [], stream_options: { include_usage: true } };

describe("several answers", () => {
  it("are chat choices, in order, and their usage is added up", async () => {
    const { choices, usage } = await toChatCompletion({ ...input, stream: false }, begin);
    expect(choices.map(({ index, message, finish_reason }) => [index, message.content, finish_reason])).toEqual([
      [0, "ab", "stop"],
      [1, "c", "length"],
      [2, null, "tool_calls"],
    ]);
    expect(usage).toEqual({ prompt_tokens: 7, completion_tokens: 7, total_tokens: 14 });
  });

  it("come side by side in a stream", async () => {
    const chunks = await collect(toChatCompletion({ ...input, stream: true }, begin));
    const choices = chunks.flatMap((chunk) => chunk.choices);
    const texts = [0, 1, 2].map((index) =>
      choices.map((choice) => (choice.index === index ? (choice.delta.content ?? "") : "")).join(""),
    );
    expect(texts).toEqual(["ab", "c", ""]);
    expect(choices.filter(({ delta }) => delta.role === "assistant").map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(
      choices.flatMap(({ index, finish_reason }) => (finish_reason === null ? [] : [[index, finish_reason]])),
    ).toEqual([
      [0, "stop"],
      [1, "length"],
      [2, "tool_calls"],
    ]);
    // The second does not wait for the first to end.
    const order = choices.flatMap(({ index, delta }) => (delta.content ? [`${index}${delta.content}`] : []));
    expect(order.indexOf("1c")).toBeLessThan(order.indexOf("0b"));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 7 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it("are text completions as well", async () => {
    const whole = await toCompletion({ n: 2, best_of: 2, stream: false }, begin);
    expect(whole.choices.map(({ index, text, finish_reason }) => [index, text, finish_reason])).toEqual([
      [0, "ab", "stop"],
      [1, "c", "length"],
    ]);
    const chunks = await collect(toCompletion({ n: 2, stream: true }, begin));
    const texts = [0, 1].map((index) =>
      chunks.flatMap((chunk) => chunk.choices.map((choice) => (choice.index === index ? choice.text : ""))).join(""),
    );
    expect(texts).toEqual(["ab", "c"]);
  });

  it("end together when one fails, and when the client leaves", async () => {
    const [one, two] = [createStuckGeneration(), createStuckGeneration()];
    const failing = (index: number) => (index === 0 ? one.iterable : generate(["a"], new Error("broken")));
    await expect(toChatCompletion({ n: 2, stream: false }, failing)).rejects.toThrow("broken");
    expect(one.state.returned).toBe(1);

    const events = toChatCompletion({ n: 2, stream: true }, (index) => (index === 0 ? two.iterable : generate(["a"])));
    await events.next();
    await events.return?.();
    expect(two.state.returned).toBe(1);
    expect(await events.next()).toMatchObject({ done: true });
  });

  it("fail where one cannot begin", async () => {
    const broken = (index: number) => {
      if (index === 1) throw new Error("no more room");
      return generate(["a"]);
    };
    await expect(toChatCompletion({ n: 2, stream: false }, broken)).rejects.toThrow("no more room");
  });

  it("are begun for one as well, and not at all for a request that is refused", async () => {
    let begun = 0;
    const counting = () => {
      begun += 1;
      return "a";
    };
    for (const n of [0, -1, 1.5, 129, "2"]) {
      expect(() => toChatCompletion({ n: n as number, stream: false }, counting)).toThrow(
        expect.objectContaining({ status: 400, param: "n" }) as Error,
      );
    }
    for (const best_of of [2, "1", { toString: 1 }]) {
      expect(() => toCompletion({ n: 1, best_of: best_of as number }, counting)).toThrow(
        expect.objectContaining({ status: 400, param: "best_of" }) as Error,
      );
    }
    expect(begun).toBe(0);
    expect((await toChatCompletion({ stream: false }, counting)).choices[0]?.message.content).toBe("a");
    expect(begun).toBe(1);
  });
});
