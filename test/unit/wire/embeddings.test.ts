import fc from "fast-check";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { toEmbeddings } from "../../../src/index.ts";

const pi = Math.PI;
const vectors = [
  [0.5, -0.25, 1],
  [0.1, pi, -1e-30],
];

/** What `openai` does with a base64 answer. */
function decode(text: unknown): number[] {
  const bytes = Buffer.from(String(text), "base64");
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

describe("toEmbeddings", () => {
  it("answers with numbers in the inputs' order", async () => {
    expect(await toEmbeddings({ model: "m-1", input: ["abcd", "efghi"] }, vectors)).toEqual({
      object: "list",
      data: [
        { object: "embedding", index: 0, embedding: vectors[0] },
        { object: "embedding", index: 1, embedding: vectors[1] },
      ],
      model: "m-1",
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  });

  it.each([
    ["lists", vectors],
    ["float arrays", vectors.map((vector) => Float32Array.from(vector))],
    ["views into a larger buffer", [new Float32Array([9, 0.5, -0.25, 1]).subarray(1), new Float32Array(3)]],
  ])("says in base64, bit for bit, what it says in numbers: %s", async (_, source) => {
    const input = ["a", "b"];
    const floats = (await toEmbeddings({ input, encoding_format: "float" }, source)).data;
    const coded = (await toEmbeddings({ input, encoding_format: "base64" }, source)).data;
    for (const [index, { embedding }] of floats.entries()) {
      expect(typeof coded[index]?.embedding).toBe("string");
      expect(decode(coded[index]?.embedding)).toEqual(embedding.map((value) => Math.fround(value)));
    }
  });

  it("makes vectors of the texts, one or many, now or later", async () => {
    const seen: string[][] = [];
    const embed = async (texts: string[]) => {
      seen.push(texts);
      return texts.map((text) => [text.length]);
    };
    expect((await toEmbeddings({ input: "abc" }, embed)).data).toMatchObject([{ index: 0, embedding: [3] }]);
    expect(
      (await toEmbeddings({ input: ["a", "bc"] }, (texts) => texts.map((text) => [text.length]))).data,
    ).toMatchObject([{ embedding: [1] }, { embedding: [2] }]);
    expect((await toEmbeddings({ input: "a" }, Promise.resolve([[1]]))).data).toHaveLength(1);
    expect(seen).toEqual([["abc"]]);
  });

  it("takes the answer of another server, in the inputs' order and with its count", async () => {
    const base64 = Buffer.from(Float32Array.from([0.5, -2]).buffer).toString("base64");
    const item = (index: number, embedding: unknown) => ({ object: "embedding" as const, index, embedding });
    const answer = {
      object: "list",
      model: "m",
      data: [item(1, [3, 4]), item(0, base64)],
      usage: { prompt_tokens: 9 },
    };
    const made = await toEmbeddings({ input: ["a", "b"] }, Promise.resolve(answer as never));
    expect(made.data.map(({ index, embedding }) => [index, embedding])).toEqual([
      [0, [0.5, -2]],
      [1, [3, 4]],
    ]);
    expect(made.usage).toEqual({ prompt_tokens: 9, total_tokens: 9 });
    const embedMany = () => ({ embeddings: [[1]], usage: { tokens: 4 } });
    expect(await toEmbeddings({ input: "a" }, embedMany)).toMatchObject({
      data: [{ embedding: [1] }],
      usage: { prompt_tokens: 4 },
    });
    await expect(toEmbeddings({ input: "a" }, {} as never)).rejects.toThrow(TypeError);
  });

  it("keeps the status of another server's error", async () => {
    const fetch = () => Promise.resolve(Response.json({ error: { message: "Slow down" } }, { status: 429 }));
    const openai = new OpenAI({ apiKey: "none", fetch, maxRetries: 0 });
    const asked = { model: "m", input: "a" };
    await expect(toEmbeddings(asked, openai.embeddings.create(asked))).rejects.toMatchObject({
      status: 429,
      message: "Slow down",
    });
  });

  it("refuses dimensions that the vectors do not have", async () => {
    await expect(toEmbeddings({ input: "a", dimensions: 3 }, [[1, 2]])).rejects.toMatchObject({
      status: 400,
      param: "dimensions",
    });
    for (const dimensions of [2, null]) {
      expect((await toEmbeddings({ input: "a", dimensions }, [[1, 2]])).data).toHaveLength(1);
    }
  });

  it("counts tokens, estimates texts, and takes the author's own count", async () => {
    expect((await toEmbeddings({ input: [1, 2, 3] }, [[1]])).usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    expect((await toEmbeddings({ input: [[1, 2], [3]] }, vectors)).usage.total_tokens).toBe(3);
    const usage = { prompt_tokens: 8, total_tokens: 9 };
    expect((await toEmbeddings({ input: "a" }, [[1]], { usage })).usage).toEqual(usage);
    expect((await toEmbeddings({ input: "a" }, [[1]], { usage: { prompt_tokens: 8 } })).usage.total_tokens).toBe(8);
  });

  it.each([
    [""],
    [[]],
    [["a", ""]],
    [[[]]],
    [undefined],
    [null],
    [4],
    [{}],
    [["a", 4]],
    [[1.5]],
    [Array.from({ length: 2049 }, () => "a")],
  ])("refuses the input %j", async (input) => {
    const refused = expect.objectContaining({ status: 400, param: "input" }) as unknown;
    await expect(toEmbeddings({ input } as never, () => [[1]])).rejects.toEqual(refused);
  });

  it("takes as many as 2,048", async () => {
    const input = Array.from({ length: 2048 }, () => "a");
    expect((await toEmbeddings({ input }, (texts) => texts.map(() => [1]))).data).toHaveLength(2048);
  });

  it.each([[[1, 2]], [[[1], [2]]]])("refuses the tokens %j for a function of texts", async (input) => {
    let called = false;
    const embed = () => {
      called = true;
      return [[1]];
    };
    const refused = expect.objectContaining({ status: 400, param: "input" }) as unknown;
    await expect(toEmbeddings({ input } as never, embed)).rejects.toEqual(refused);
    expect(called).toBe(false);
  });

  it("refuses another encoding", async () => {
    const refused = expect.objectContaining({ status: 400, param: "encoding_format" }) as unknown;
    await expect(toEmbeddings({ input: "a", encoding_format: "int8" as never }, [[1]])).rejects.toEqual(refused);
  });

  it("fails rather than answer with vectors that are missing or no numbers", async () => {
    await expect(toEmbeddings({ input: ["a", "b"] }, [[1]])).rejects.toThrow("1 vectors were made of 2 inputs");
    await expect(toEmbeddings({ input: "a" }, [[Number.NaN]])).rejects.toThrow("NaN");
    await expect(toEmbeddings({ input: "a", encoding_format: "base64" }, [[Infinity]])).rejects.toThrow("Infinity");
    // At 32 bits these are infinite.
    await expect(toEmbeddings({ input: "a", encoding_format: "base64" }, [[1e40]])).rejects.toThrow("1e+40");
    await expect(toEmbeddings({ input: "a" }, [[-3.5e38]])).rejects.toThrow("-3.5e+38");
  });

  it("says the same numbers in base64 and in floats, bit for bit at 32 bits", async () => {
    const finite = fc.float({ noDefaultInfinity: true, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(finite, { minLength: 1 }), { minLength: 1 }), async (vectors) => {
        const input = vectors.map((_, index) => `text ${index}`);
        const floats = await toEmbeddings({ input, encoding_format: "float" }, vectors);
        const coded = await toEmbeddings({ input, encoding_format: "base64" }, vectors);
        for (const [index, { embedding }] of coded.data.entries()) {
          const bytes = Buffer.from(embedding as unknown as string, "base64");
          const sent = JSON.parse(JSON.stringify(floats.data[index]?.embedding)) as number[];
          const numbers = Float32Array.from(sent);
          expect(bytes.equals(Buffer.from(numbers.buffer))).toBe(true);
        }
      }),
    );
  });
});
