/** What is listened for, and what may be said to it. `$1` is what the person said there, turned to face them. */
interface Rule {
  hears: RegExp;
  says: readonly string[];
}

const rules: readonly Rule[] = [
  {
    hears: /\b(?:hello|hi|hey|good (?:morning|day|evening))\b/i,
    says: ["Hello. What is on your mind today?", "Good to hear from you again. What would you like to talk about?"],
  },
  {
    hears: /\bi need ([^.?!]+)/i,
    says: [
      "What would it change for you to have $1?",
      "Suppose you had $1 by tomorrow: what then?",
      "How long have you needed $1?",
    ],
  },
  {
    hears: /\bi (?:am|'m) ([^.?!]+)|\bi'm ([^.?!]+)/i,
    says: ["Since when are you $1?", "What does it feel like to be $1?", "Do others see that you are $1?"],
  },
  {
    hears: /\bi (?:feel|felt) ([^.?!]+)/i,
    says: ["When do you feel $1 the most?", "What usually comes before you feel $1?"],
  },
  {
    hears: /\bi (?:can't|cannot) ([^.?!]+)/i,
    says: ["What stands between you and being able to $1?", "Imagine you could $1. What would be different?"],
  },
  {
    hears: /\b(?:because) ([^.?!]+)/i,
    says: ["Is that the whole reason?", "If it were not so that $1, what would you do?"],
  },
  {
    hears: /\bmy (mother|father|sister|brother|family|friend|boss|dog|cat)\b/i,
    says: ["Tell me more about your $1.", "What would your $1 say if I asked?"],
  },
  {
    hears: /\b(?:computer|program|machine|model|ai)s?\b/i,
    says: ["Is it machines that worry you, or people?", "I am some forty rules in a file. What did you take me for?"],
  },
  { hears: /\?\s*$/, says: ["What answer would you like best?", "What made you ask that just now?"] },
  {
    hears: /./s,
    says: [
      "Please go on.",
      "Can you give me an example?",
      "And how does that sit with you?",
      "What does that make you think of?",
    ],
  },
];

const turned: Readonly<Record<string, string>> = {
  i: "you",
  me: "you",
  my: "your",
  mine: "yours",
  myself: "yourself",
  am: "are",
  you: "I",
  your: "my",
  yours: "mine",
};

/**
 * Answers the last of the person's turns in the manner of the conversation programs of the 1960s: it finds a pattern
 * and turns what was said back at them. The same pattern does not get the same answer twice in a row.
 */
export function reply(turns: readonly string[]): string {
  const last = turns.at(-1)?.trim() ?? "";
  const index = rules.findIndex((rule) => rule.hears.test(last));
  const rule = rules[index];
  if (rule === undefined) return "I am listening.";
  const heardBefore = turns.slice(0, -1).filter((turn) => rules.findIndex(({ hears }) => hears.test(turn)) === index);
  const said = rule.says[heardBefore.length % rule.says.length] ?? "";
  const groups = rule.hears.exec(last)?.slice(1) ?? [];
  return said.replace("$1", () => turnRound(groups.find((group) => group !== undefined) ?? ""));
}

function turnRound(text: string): string {
  return text.trim().replace(/[\p{L}']+/gu, (word) => turned[word.toLowerCase()] ?? word);
}
