import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { parse } from "yaml";
import type { ModelClass } from "../../../src/model/contract.ts";
import { createTestModel } from "../../../src/testing.ts";
import { fixtureFolder, readFixtureConfig } from "./project.ts";
import type { Open } from "./target.ts";

/** The runtime around the fixture's class, in this process. */
export const openInProcess: Open = async (fixture, options = {}) => {
  const config = parse(options.config ?? (await readFixtureConfig(fixture))) as Record<string, unknown>;
  const file = pathToFileURL(join(fixtureFolder(fixture), "model", "model.ts")).href;
  const { Model } = (await import(file)) as { Model: ModelClass };
  let log = "";
  const write = process.stderr.write.bind(process.stderr);
  // The model's log goes to this process's stderr; here it is kept instead of shown.
  process.stderr.write = ((text: string | Uint8Array) => {
    log += String(text);
    return true;
  }) as typeof process.stderr.write;
  const restore = () => {
    process.stderr.write = write;
  };
  try {
    const model = await createTestModel(Model, {
      config,
      secrets: { declared_secret: "s3cret" },
      data_dir: join(fixtureFolder(fixture), "data"),
    });
    return {
      url: model.url,
      fetch: (path, init) => model.fetch(model.url + path, init),
      log: () => log,
      close: () => model.close().finally(restore),
    };
  } catch (error) {
    restore();
    throw error;
  }
};
