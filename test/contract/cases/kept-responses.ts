import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { post } from "../support/calls.ts";
import { openaiFor } from "../support/clients.ts";
import type { Open, Target } from "../support/target.ts";

export function defineKeptResponses(open: Open): void {
  describe("previous_response_id where responses are kept", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("kept")));
    afterAll(() => target?.close());
    const client = () => openaiFor(target);
    const refusal = (work: Promise<unknown>) => work.catch((error: unknown) => error);

    it("the model gets the earlier input, its own output, and the new input", async () => {
      const first = await client().responses.create({ model: "m", instructions: "Be brief", input: "One" });
      expect(first).toMatchObject({ store: true, output_text: "Be brief|user: One", previous_response_id: null });
      const second = await client().responses.create({ model: "m", input: "Two", previous_response_id: first.id });
      expect(second.output_text).toBe("|user: One|assistant: Be brief|user: One|user: Two");
      expect(second.previous_response_id).toBe(first.id);
      const third = await client().responses.create({
        model: "m",
        input: [{ role: "user", content: "Three" }],
        previous_response_id: second.id,
      });
      expect(third.output_text).toContain("user: Two|assistant: |user: One");
      expect(third.output_text.endsWith("|user: Three")).toBe(true);
    });

    it("a streamed response is kept like a whole one, and goes on streamed", async () => {
      const first = await client().responses.stream({ model: "m", input: "One" }).finalResponse();
      const second = client().responses.stream({ model: "m", input: "Two", previous_response_id: first.id });
      expect((await second.finalResponse()).output_text).toBe("|user: One|assistant: |user: One|user: Two");
    });

    it("tool calls are part of it, and their results find them", async () => {
      const first = await client().responses.create({ model: "tools", input: "One" });
      const result = { type: "function_call_output" as const, call_id: "call_1", output: "Rain" };
      const second = await client().responses.create({ model: "m", input: [result], previous_response_id: first.id });
      expect(second.output_text).toBe("|user: One|assistant: |user: One|tool: Rain");
      const listed = await client().responses.inputItems.list(second.id, { order: "asc" });
      expect(listed.data.map(({ type }) => type)).toEqual([
        "message",
        "function_call",
        "message",
        "function_call_output",
      ]);
    });

    it("one that was cut short can be gone on from", async () => {
      const first = await client().responses.create({ model: "short", input: "One" });
      expect(first.status).toBe("incomplete");
      const second = await client().responses.create({ model: "m", input: "Go on", previous_response_id: first.id });
      expect(second.output_text).toBe("|user: One|assistant: |user: One|user: Go on");
    });

    it("is read, listed and deleted", async () => {
      const made = await client().responses.create({ model: "m", input: "One" });
      const { output_text: text, _request_id: _id, ...kept } = await client().responses.retrieve(made.id);
      expect({ text, kept }).toMatchObject({ text: made.output_text, kept: { id: made.id, output: made.output } });
      const items: unknown[] = [];
      for await (const item of client().responses.inputItems.list(made.id, { limit: 1 })) items.push(item);
      expect(items).toEqual([
        {
          id: expect.stringMatching(/^msg_/),
          type: "message",
          role: "user",
          content: [{ type: "input_text", text: "One" }],
        },
      ]);
      await client().responses.delete(made.id);
      expect(await refusal(client().responses.retrieve(made.id))).toBeInstanceOf(OpenAI.NotFoundError);
      expect(await refusal(client().responses.delete(made.id))).toBeInstanceOf(OpenAI.NotFoundError);
      const onward = client().responses.create({ model: "m", input: "Two", previous_response_id: made.id });
      expect(await refusal(onward)).toBeInstanceOf(OpenAI.BadRequestError);
    });

    it("refers to single items by their ids", async () => {
      const first = await client().responses.create({ model: "m", input: "One" });
      const [output] = first.output;
      const reference = { type: "item_reference" as const, id: String(output?.id) };
      const second = await client().responses.create({
        model: "m",
        input: [reference, { role: "user", content: "Two" }],
      });
      expect(second.output_text).toBe("|assistant: |user: One|user: Two");
      const unknown = { type: "item_reference" as const, id: "msg_unknown" };
      const refused = await refusal(client().responses.create({ model: "m", input: [unknown] }));
      expect(refused).toMatchObject({ status: 400, param: "input[0].id" });
    });

    it("what says store: false is not kept", async () => {
      const made = await client().responses.create({ model: "m", input: "One", store: false });
      expect(made).toMatchObject({ store: false });
      expect(await refusal(client().responses.retrieve(made.id))).toMatchObject({ status: 404 });
      const streamed = await client().responses.stream({ model: "m", input: "One", store: false }).finalResponse();
      expect(await refusal(client().responses.retrieve(streamed.id))).toMatchObject({ status: 404 });
    });

    it("what is unknown is a 400 that names the field", async () => {
      for (const stream of [true, false]) {
        const onward = client().responses.create({ model: "m", input: "Two", previous_response_id: "resp_no", stream });
        const error = await refusal(onward);
        expect(error).toMatchObject({
          status: 400,
          param: "previous_response_id",
          code: "previous_response_not_found",
        });
      }
      const conversation = client().responses.create({ model: "m", input: "Two", conversation: "conv_1" });
      expect(await refusal(conversation)).toMatchObject({ status: 400, param: "conversation" });
      expect((await post(target, "/v1/responses", { input: "a", previous_response_id: 4 })).status).toBe(400);
    });

    it("what failed is not kept, and the latest make room for no more than the bound", async () => {
      expect(await refusal(client().responses.create({ model: "fails", input: "One" }))).toMatchObject({ status: 500 });
      const ids: string[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        ids.push((await client().responses.create({ model: "m", input: `${turn}` })).id);
      }
      const found = await Promise.all(ids.map((id) => refusal(client().responses.retrieve(id))));
      expect(found.map((answer) => answer instanceof OpenAI.NotFoundError)).toEqual([true, false, false, false, false]);
    });

    it("a body of no object is the model's to refuse", async () => {
      expect((await post(target, "/v1/responses", [1])).status).toBe(400);
      const response = await post(target, "/v1/responses", { input: [1] });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: "input[0]" } });
    });
  });

  describe("previous_response_id where nothing is kept", () => {
    let target: Target;
    beforeAll(async () => void (target = await open("kept", { config: "model_name: m\n" })));
    afterAll(() => target?.close());

    it("is a 400 that says so, and nothing can be read", async () => {
      const client = openaiFor(target);
      const made = await client.responses.create({ model: "m", input: "One" });
      expect(made).toMatchObject({ store: false });
      const onward = client.responses.create({ model: "m", input: "Two", previous_response_id: made.id });
      const error: unknown = await onward.catch((error: unknown) => error);
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error).toMatchObject({ param: "previous_response_id" });
      const read: unknown = await client.responses.retrieve(made.id).catch((error: unknown) => error);
      expect(read).toBeInstanceOf(OpenAI.NotFoundError);
      expect(String(read)).toContain("stored_responses");
    });

    it("405 tells the verbs", async () => {
      const response = await post(target, "/v1/responses/resp_1", {});
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD, DELETE");
    });
  });
}
