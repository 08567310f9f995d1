import { expect, it } from "vitest";
import { createAnnotations, readCreated } from "../../../../src/push/oci/annotations.ts";
import { createConfig } from "../../../../src/push/oci/config.ts";
import { libcOf } from "../../../../src/push/oci/libc.ts";
import type { Base, BaseImage } from "../../../../src/push/oci/types.ts";
import { readImageOptions } from "../../../../src/push/targets/image-options.ts";
import { amd64, makeStage } from "./images.ts";

const base: BaseImage = {
  platform: amd64,
  layers: [],
  config: {
    os: "linux",
    architecture: "amd64",
    docker_version: "x",
    config: {
      Env: ["PATH=/bin", "PORT=1", "GREETING=base", "NODE_VERSION=24"],
      Cmd: ["node"],
      Labels: { kept: "yes" },
      Volumes: { "/v": {} },
    },
    rootfs: { diff_ids: ["sha256:a"] },
    history: [{ created_by: "RUN apk add --no-cache libstdc++" }],
  },
};

it("a config keeps the base's environment, and not its way of starting", () => {
  const made = createConfig({ stage: makeStage(), base, layers: [], annotations: { b: "2", a: "1" }, created: "now" });
  expect(made).not.toHaveProperty("docker_version");
  expect(made["rootfs"]).toEqual({ type: "layers", diff_ids: ["sha256:a"] });
  const config = made["config"] as Record<string, never>;
  // Of config.yaml's variables PORT is not for an image to say.
  expect(config["Env"]).toEqual([
    "PATH=/bin",
    "GREETING=hello",
    "NODE_VERSION=24",
    "NODE_ENV=production",
    "TRUSS_TS_CONTAINER=1",
    "HOME=/tmp",
  ]);
  expect(config["Labels"]).toMatchObject({ kept: "yes", a: "1", "truss-ts.health.live": "/health/live" });
  expect(config["Volumes"]).toEqual({ "/v": {} });
  expect(config).not.toHaveProperty("Cmd");
});

it("a base's C library is told by its history", () => {
  expect(libcOf(base)).toBe("musl");
  expect(libcOf({ ...base, config: { history: [{ created_by: "RUN apt-get install x" }] } })).toBe("glibc");
});

it("annotations name a base that others can find, and no folder of this machine", () => {
  const found = (portable: boolean) => {
    const named: Base = { name: "n", digest: "d", portable, pinned: true, image: async () => base };
    return createAnnotations(makeStage(), named, "now", undefined);
  };
  expect(found(true)).toMatchObject({
    "org.opencontainers.image.base.name": "n",
    "org.opencontainers.image.base.digest": "d",
  });
  expect(found(false)).not.toHaveProperty(["org.opencontainers.image.base.name"]);
  expect(found(true)).not.toHaveProperty(["org.opencontainers.image.revision"]);
});

it("the date is that of SOURCE_DATE_EPOCH, else of the beginning", () => {
  expect(readCreated({})).toBe("1970-01-01T00:00:00Z");
  expect(readCreated({ SOURCE_DATE_EPOCH: "1700000000" })).toBe("2023-11-14T22:13:20Z");
  expect(() => readCreated({ SOURCE_DATE_EPOCH: "soon" })).toThrow(expect.objectContaining({ code: "USAGE" }));
});

it("platforms are read in any order, once each", () => {
  const { platforms } = readImageOptions({ platform: "linux/arm64/v8, linux/amd64,linux/amd64" });
  expect(platforms.map(({ architecture }) => architecture)).toEqual(["amd64", "arm64"]);
  const bad = [
    { platform: "windows/amd64" },
    { platform: "" },
    { image: "a", push: "b" },
    { image: `a@sha256:${"0".repeat(64)}` },
  ];
  for (const flags of bad)
    expect(() => readImageOptions(flags)).toThrow(expect.objectContaining({ code: "USAGE", exitCode: 2 }));
});
