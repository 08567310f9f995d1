import type { Target } from "../types.ts";

/** A plain tar of the stage. */
export const archive: Target = {
  name: "archive",
  options: [{ flags: "--out <dir>", description: "folder for what is made" }],
  async publish({ stage }) {
    return { reference: stage.digest, json: {}, summary: [], next: [] };
  },
};
