import { describe, expect, it } from "vitest";
import { type GenerationPart, toChatCompletion, toCompletion, toResponse } from "../../../src/index.ts";
import { collect, generate } from "./helpers.ts";

const top = [
  { token: "He", logprob: -0.1 },
  { token: "Ha", logprob: -2 },
];
const parts: GenerationPart[] = [
  { type: "text", text: "He", logprobs: [{ token: "He", logprob: -0.1, top_logprobs: top }] },
  { type: "text", text: "é", logprobs: [{ token: "é", logprob: -0.2, bytes: [195, 169] }] },
];

describe("logprobs", () => {
  it("are in chat for who asks, with as many of the likeliest as asked", async () => {
    const asked = { logprobs: true, top_logprobs: 1 } as const;
    const first = {
      token: "He",
      logprob: -0.1,
      bytes: [72, 101],
      top_logprobs: [{ token: "He", logprob: -0.1, bytes: [72, 101] }],
    };
    const second = { token: "é", logprob: -0.2, bytes: [195, 169], top_logprobs: [] };
    const whole = await toChatCompletion({ ...asked, stream: false }, generate(parts));
    expect(whole.choices[0]?.logprobs).toEqual({ content: [first, second], refusal: null });
    const chunks = await collect(toChatCompletion({ ...asked, stream: true }, generate(parts)));
    expect(chunks.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? [])).toEqual([first, second]);
  });

  it("of what can never come are -9999, as OpenAI has it, since JSON cannot hold them", async () => {
    const never = { token: "a", logprob: -Infinity };
    const text: GenerationPart = { type: "text", text: "a", logprobs: [{ ...never, top_logprobs: [never] }] };
    const chat = await toChatCompletion({ logprobs: true, top_logprobs: 1, stream: false }, generate([text]));
    expect(chat.choices[0]?.logprobs?.content).toMatchObject([{ logprob: -9999, top_logprobs: [{ logprob: -9999 }] }]);
    const completion = await toCompletion({ logprobs: 1, stream: false }, generate([text]));
    expect(completion.choices[0]?.logprobs).toMatchObject({ token_logprobs: [-9999], top_logprobs: [{ a: -9999 }] });
  });

  it("are lists in completions, with the place of each token", async () => {
    const logprobs = {
      tokens: ["He", "é"],
      token_logprobs: [-0.1, -0.2],
      top_logprobs: [{ He: -0.1, Ha: -2 }, {}],
      text_offset: [0, 2],
    };
    const whole = await toCompletion({ logprobs: 2, stream: false }, generate(parts));
    expect(whole.choices[0]?.logprobs).toEqual(logprobs);
    const chunks = await collect(toCompletion({ logprobs: 0, stream: true }, generate(parts)));
    expect(chunks[1]?.choices[0]?.logprobs).toEqual({
      tokens: ["é"],
      token_logprobs: [-0.2],
      top_logprobs: [{}],
      text_offset: [2],
    });
  });

  it("are with each delta and with the text in responses", async () => {
    const asked = { include: ["message.output_text.logprobs"], top_logprobs: 2 };
    const events = await collect(toResponse({ ...asked, stream: true }, generate(parts)));
    const deltas = events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.logprobs] : []));
    const bytes = { He: [72, 101], Ha: [72, 97] };
    expect(deltas).toEqual([
      [
        {
          token: "He",
          logprob: -0.1,
          bytes: bytes.He,
          top_logprobs: [
            { token: "He", logprob: -0.1, bytes: bytes.He },
            { token: "Ha", logprob: -2, bytes: bytes.Ha },
          ],
        },
      ],
      [{ token: "é", logprob: -0.2, bytes: [195, 169], top_logprobs: [] }],
    ]);
    const done = events.find((event) => event.type === "response.output_text.done");
    expect(done).toMatchObject({ logprobs: deltas.flat() });
    const { output } = await toResponse({ ...asked, stream: false }, generate(parts));
    expect(output).toMatchObject([{ content: [{ logprobs: [{ bytes: [72, 101] }, { bytes: [195, 169] }] }] }]);
  });

  it("are not there for who does not ask, nor where the model tells none", async () => {
    expect((await toChatCompletion({ stream: false }, generate(parts))).choices[0]?.logprobs).toBeNull();
    expect((await toChatCompletion({ logprobs: true, stream: false }, "a")).choices[0]?.logprobs).toBeNull();
    expect((await toCompletion({ stream: false }, generate(parts))).choices[0]?.logprobs).toBeNull();
    expect(await toResponse({ stream: false }, generate(parts))).toMatchObject({
      output: [{ content: [{ logprobs: [] }] }],
    });
  });
});
