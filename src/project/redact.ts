/** Whether a file that a fault names may be a config, whatever it is called: it is none of the model's sources. */
export function isConfig(file: string): boolean {
  return !/\.([cm]?[jt]sx?|json)$/i.test(file);
}

/**
 * The text of a `config.yaml` without the values under `secrets:`, each line as long as it was: for showing an excerpt.
 */
export function redactSecrets(text: string): string {
  let inside = false;
  return text
    .split("\n")
    .map((line) => {
      const top = /^\S/.test(line) && !line.startsWith("#");
      if (top) inside = /^["']?secrets["']?\s*:/.test(line);
      if (!inside) return line;
      // In a block the name stays to be seen; `secrets: {…}` on one line and continued values go as a whole.
      const kept = (top ? /^[^:]*:/ : /^\s+[^\s:{},#]+:(?=\s|$)/).exec(line)?.[0] ?? "";
      return kept + line.slice(kept.length).replaceAll(/[^\s]/g, "*");
    })
    .join("\n");
}
