import { afterAll } from "vitest";
import { defineContract } from "../contract/suite.ts";
import { openServer } from "../contract/support/server.ts";
import type { Open } from "../contract/support/target.ts";
import { removeLayouts } from "./support/rootfs.ts";
import { describeImages } from "./support/tools.ts";

const env = { TRUSS_SECRET_declared_secret: "s3cret" };
const open: Open = (fixture, options) => openServer("image", fixture, { ...options, env });

// Its root is unpacked, and what it holds is all there is: its user sees no file of the test's.
describeImages("an image's root file system", () => {
  afterAll(removeLayouts);
  defineContract("image", open, { sockets: true, files: false });
});
