/** Words of questions, not of their subjects. */
const questionWords = new Set(
  "about again because could does explain from give have hello know like more please should some story tell than thank that them then there they this what when where which will with would write your".split(
    " ",
  ),
);

/** Finds a paragraph that speaks of the topic: one with many of its words, the rarer the better. */
export function createTopicFinder(paragraphs: readonly string[][]) {
  const words = paragraphs.map((paragraph) => wordsOf(paragraph.join("")));
  const spread = new Map<string, number>();
  for (const found of words) for (const word of found) spread.set(word, (spread.get(word) ?? 0) + 1);
  const rarity = (word: string) => Math.log(paragraphs.length / (spread.get(word) ?? paragraphs.length));

  return (topic: string, random: () => number): string[] => {
    const wanted = [...wordsOf(topic)].filter((word) => spread.has(word));
    const scores = words.map((found) => wanted.reduce((sum, word) => sum + (found.has(word) ? rarity(word) : 0), 0));
    const best = Math.max(...scores);
    const fitting = paragraphs.filter((_, index) => (scores[index] ?? 0) >= best * 0.9);
    return fitting[Math.floor(random() * fitting.length)] ?? [];
  };
}

function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/\p{L}{4,}/gu) ?? [];
  return new Set(words.filter((word) => !questionWords.has(word)));
}
