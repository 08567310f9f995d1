// What a part of the bench hands back: samples of a quantity, and ratios of two that were measured in turn.

/** @typedef {{ name: string, metric: string, unit: string, samples: number[] }} Figure */

/**
 * `better` says which way the first of the two wins; `goal` is the least (or, where lower is better, the most) that
 * the median should be; `peerWins` says why it is so where the peer wins.
 * @typedef {{ name: string, samples: number[], better: "lower" | "higher", goal?: number, peerWins?: string }} Ratio
 */

/** Measures each subject once a round, one after the other, so that whatever the machine does hits all alike. */
export async function takeTurns(subjects, rounds, measure, progress = () => undefined) {
  const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, subject] of Object.entries(subjects)) samples[name].push(await measure(subject, name));
    progress(round + 1, rounds);
  }
  return samples;
}

/** One quantity of all that was measured, a figure for each subject. */
export function figuresOf(samples, metric, unit, read) {
  return Object.entries(samples).map(([name, all]) => ({ name, metric, unit, samples: all.map(read) }));
}

/** Ratios of two figures, each of two samples of the same round; a round that either has missed (NaN) does not count. */
export function ratioOf(left, right, options) {
  const samples = left.samples
    .map((sample, round) => sample / right.samples[round])
    .filter((sample) => !Number.isNaN(sample));
  return { name: `${left.name} / ${right.name}, ${left.metric}`, samples, ...options };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that a share of all values does not exceed. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

export function isWonByPeer({ samples, better }) {
  return better === "lower" ? median(samples) > 1 : median(samples) < 1;
}

/** Undefined where there is no goal. */
export function meetsGoal({ samples, better, goal }) {
  if (goal === undefined) return undefined;
  return better === "lower" ? median(samples) <= goal : median(samples) >= goal;
}
