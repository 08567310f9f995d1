import { defineContract } from "./suite.ts";
import { openServer } from "./support/server.ts";
import type { Open } from "./support/target.ts";

const env = { TRUSS_SECRET_declared_secret: "s3cret" };
const open: Open = (fixture, options) => openServer("artifact", fixture, { ...options, env });

defineContract("artifact", open, { sockets: true });
