import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GenerationPart, toChatCompletion, toCompletion, toMessage } from "../../../src/index.ts";
import { collect, createStuckGeneration, generate } from "./helpers.ts";

const cut = (stop: string | string[] | null, items: readonly (string | GenerationPart)[]) =>
  toChatCompletion({ stop, stream: false }, generate(items), { applyStop: true });

/** Where the text ends that grows until a stop sequence is whole. */
function stopIn(text: string, stops: readonly string[]): number {
  for (let length = 0; length <= text.length; length += 1) {
    const met = stops.filter((stop) => text.slice(0, length).endsWith(stop)).map((stop) => length - stop.length);
    if (met.length > 0) return Math.min(...met);
  }
  return text.length;
}

describe("applyStop", () => {
  it("cuts at the first stop sequence, wherever the pieces are cut", async () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 4 }), { maxLength: 12 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(pieces, stops, async (texts, given) => {
        const whole = texts.join("");
        const at = stopIn(whole, given);
        const { choices } = await cut(given, texts);
        expect(choices[0]?.message.content).toBe(whole.slice(0, at));
        const chunks = await collect(
          toChatCompletion({ stop: given, stream: true }, generate(texts), { applyStop: true }),
        );
        expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(whole.slice(0, at));
      }),
      { numRuns: 200 },
    );
  });

  it("ends the generation there, and says why", async () => {
    const { iterable, state } = createStuckGeneration();
    const message = await toMessage({ stop_sequences: ["zz", "rs"], stream: false }, iterable, { applyStop: true });
    expect(message).toMatchObject({ content: [{ text: "fi" }], stop_reason: "stop_sequence", stop_sequence: "rs" });
    expect(state.returned).toBe(1);
  });

  it("overrules the reason that would have come", async () => {
    const { choices } = await cut("b", ["ab", { type: "finish", reason: "length" }]);
    expect(choices[0]).toMatchObject({ message: { content: "a" }, finish_reason: "stop" });
  });

  it("gives back what was held when nothing comes of it", async () => {
    const call: GenerationPart = { type: "tool_call", id: "c", name: "f", arguments: "{}" };
    const chunks = await collect(
      toChatCompletion({ stop: "END", stream: true }, generate(["a E", "N", call, "D"]), { applyStop: true }),
    );
    expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toMatchObject([
      { role: "assistant" },
      { content: "a " },
      { content: "EN" },
      { tool_calls: [{ id: "c" }] },
      { content: "D" },
      {},
    ]);
  });

  it("looks at the text only, and only where it is asked to", async () => {
    const thought: GenerationPart = { type: "reasoning", text: "stop here" };
    expect((await cut("stop", [thought, "a"])).choices[0]?.message).toMatchObject({ content: "a" });
    const untouched = await toCompletion({ stop: "b", stream: false }, "abc");
    expect(untouched.choices[0]?.text).toBe("abc");
    for (const stop of [null, "", [], [""]]) expect((await cut(stop, ["ab"])).choices[0]?.message.content).toBe("ab");
  });

  it("keeps tokens with the piece that they begin in", async () => {
    const token = (text: string) => ({ token: text, logprob: -1 });
    const text: GenerationPart = { type: "text", text: "one two", logprobs: [token("one"), token(" t"), token("wo")] };
    const { choices } = await toCompletion({ stop: "wo", logprobs: 0, stream: false }, [text], { applyStop: true });
    expect(choices[0]).toMatchObject({ text: "one t", logprobs: { tokens: ["one", " t"] } });
  });

  it("knows the stop sequence that a model met by itself", async () => {
    const finish: GenerationPart = { type: "finish", reason: "stop", stop_sequence: "END" };
    const list = await collect(toMessage({ stream: true }, generate(["a", finish])));
    expect(list.at(-2)).toMatchObject({ delta: { stop_reason: "stop_sequence", stop_sequence: "END" } });
  });
});
