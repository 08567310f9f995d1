import { expect, it, vi } from "vitest";
import { DevServer, createProject, patience } from "./dev-server.ts";

/** Forgets the finish; `note` makes it another edition. */
const forgetful = (note: string) => `
export class Model {
  async *chat_completions() {
    const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
    yield { ...head, choices: [{ index: 0, delta: { role: "assistant", content: "${note}" }, finish_reason: null }] };
  }
}
`;

const right = `
import { toChatCompletion } from "truss-ts";

export class Model {
  chat_completions(input) {
    return toChatCompletion(input, ["Hello"]);
  }
}
`;

it("warns once a reload of an answer that clients stumble over, on stderr", async () => {
  const project = createProject({ "model/model.js": forgetful("one") });
  const server = new DevServer(project.dir);
  const url = await server.url();
  const ask = async () => {
    const body = JSON.stringify({ model: "m", messages: [], stream: true });
    const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
    return answer.text();
  };
  const warnings = () =>
    server.stderr.match(/chat_completions answers with what its clients do not expect/g)?.length ?? 0;

  expect(await ask()).toContain("one");
  await vi.waitFor(() => expect(warnings()).toBe(1), patience);
  expect(server.stderr).toContain("choices[].finish_reason is missing in the last chunk");
  expect(server.stderr).toContain("use toChatCompletion");
  await ask();

  project.save("model/model.js", forgetful("two"));
  await vi.waitFor(async () => expect(await ask()).toContain("two"), patience);
  await vi.waitFor(() => expect(warnings()).toBe(2), patience);

  project.save("model/model.js", right);
  await vi.waitFor(async () => expect(await ask()).toContain("Hello"), patience);
  await server.stop();
  expect(warnings()).toBe(2);
  expect(server.stdout).not.toContain("wire_warning");
});
