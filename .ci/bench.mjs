// npm run bench: makes the clone ready, then measures. `npm run bench -- --help` says what can be asked for.
import { prepare } from "./prepare.mjs";

if (!process.argv.includes("--help")) prepare();
const { main } = await import("../test/bench/main.mjs");
await main(process.argv.slice(2));
