// A process of its own that loads a server: told what by its parent, it warms up, says when it begins, measures, and
// sends the result.
import autocannon from "autocannon";
import { percentile } from "./figures.mjs";

process.once("message", async ({ warmUpSeconds, seconds, ...target }) => {
  await load({ ...target, duration: warmUpSeconds });
  process.send({ type: "begin" });
  const result = await load({ ...target, duration: seconds });
  process.send({ type: "done", result }, () => process.disconnect());
});

async function load(options) {
  const latencies = [];
  const running = autocannon({ ...options, method: "POST", headers: { "content-type": "application/json" } });
  // autocannon's own table has whole milliseconds, too coarse for answers that take one or two.
  running.on("response", (_client, _status, _bytes, milliseconds) => void latencies.push(milliseconds));
  const { duration, errors, timeouts, non2xx, "2xx": answered } = await running;
  return {
    failed: errors + timeouts + non2xx,
    answered,
    perSecond: answered / duration,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}
