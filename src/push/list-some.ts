/** The first few of many, for a sentence. */
export function listSome(paths: readonly string[], most = 3): string {
  const shown = paths.slice(0, most).join(", ");
  return paths.length > most ? `${shown} and ${paths.length - most} more` : shown;
}
