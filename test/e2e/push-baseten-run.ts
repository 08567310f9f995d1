import { randomBytes } from "node:crypto";
import { onTestFinished } from "vitest";
import { type Scenario, startBaseten } from "../support/baseten/fake.ts";
import { sessionToken } from "../support/baseten/s3.ts";
import { createProject } from "./dev-server.ts";
import { makeFolder, start } from "./init-run.ts";

/** Values that must not be seen anywhere outside the headers they belong in. */
export const canaries = {
  environment: `canary-env-${randomBytes(6).toString("hex")}`,
  file: `canary-file-${randomBytes(6).toString("hex")}`,
  config: `canary-config-${randomBytes(6).toString("hex")}`,
};

export const chatModel = `
export class Model {
  predict(input: unknown) { return { echo: input }; }
  chat_completions() { return { id: "x", object: "chat.completion", created: 1, model: "m", choices: [] }; }
}
`;

export const config = `# my model, with a comment
model_name: my-model
secrets:
  hf_token: null
resources:
  cpu: "1"
  memory: 512Mi
`;

/** A fake Baseten, a project with secrets lying about, and a way to push it there. */
export async function setUp(scenario: Scenario = {}, files: Readonly<Record<string, string>> = {}) {
  const fake = await startBaseten({ secrets: ["hf_token"], ...scenario });
  onTestFinished(() => fake.close());
  const project = createProject({
    "config.yaml": config,
    "model/model.ts": chatModel,
    "data/labels.txt": "a\nb\n",
    ".env": `SECRET=${canaries.file}\n`,
    "model/.env.local": `SECRET=${canaries.file}\n`,
    ".npmrc": `//registry.npmjs.org/:_authToken=${canaries.file}\n`,
    ...files,
  });
  const home = makeFolder();
  const env = {
    ...fake.env,
    HOME: home,
    XDG_CONFIG_HOME: home,
    TRUSS_SECRET_hf_token: canaries.environment,
    AWS_ACCESS_KEY_ID: canaries.environment,
    AWS_SECRET_ACCESS_KEY: canaries.environment,
    AWS_SESSION_TOKEN: canaries.environment,
    HTTPS_PROXY: undefined,
    HTTP_PROXY: undefined,
  };
  const begin = (args: readonly string[], more: Readonly<Record<string, string | undefined>> = {}) =>
    start(["push", "--target", "baseten", ...args], { cwd: project.dir, env: { ...env, ...more } });
  const push = (args: readonly string[], more: Readonly<Record<string, string | undefined>> = {}) =>
    begin(args, more).ended;
  return { fake, project, begin, push };
}

/** Everything that went to somebody, looked through for secrets. */
export function findLeaks(
  { fake }: Awaited<ReturnType<typeof setUp>>,
  ...outputs: readonly { readonly stdout: string; readonly stderr: string }[]
): string[] {
  const secrets = { ...canaries, key: fake.env.BASETEN_API_KEY, session: sessionToken };
  const places = {
    bodies: fake.seen.map(({ target, body }) => target + body).join("\n"),
    archives: fake.archives
      .flat()
      .map(({ path, bytes }) => path + Buffer.from(bytes).toString("latin1"))
      .join("\n"),
    output: outputs.map(({ stdout, stderr }) => stdout + stderr).join("\n"),
    addresses: fake.s3.seen.map(({ target }) => target).join("\n"),
  };
  return Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(places).flatMap(([place, text]) => (text.includes(secret) ? [`${name} in ${place}`] : [])),
  );
}
