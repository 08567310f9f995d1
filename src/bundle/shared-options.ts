import type { BuildOptions } from "esbuild";
import { sourcePlaces } from "./source-places.ts";

/** What every build has, so that a packaged model is read as it was in `dev`: the same files, the same syntax. */
export const sharedOptions = {
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
  target: "node20.19",
  sourcemap: "external",
  sourcesContent: false,
  charset: "utf8",
  legalComments: "none",
  logLevel: "silent",
  loader: { ".txt": "text", ".md": "text", ".html": "text", ".csv": "text", ".jinja": "text" },
  define: sourcePlaces,
} as const satisfies BuildOptions;
