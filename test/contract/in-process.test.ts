import { defineContract } from "./suite.ts";
import { openInProcess } from "./support/in-process.ts";

defineContract("in process", openInProcess, { sockets: false });
