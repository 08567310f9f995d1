/**
 * Writes documents as YAML that every reader takes the same way: what YAML 1.1 would read as a boolean or a number
 * (`on`, `1e3`) is put in quotes, and nothing is said by an alias.
 */
export async function toYaml(documents: readonly unknown[]): Promise<string> {
  const { Document } = await import("yaml");
  const texts = documents.map((values) => {
    const document = new Document(values, { version: "1.1", aliasDuplicateObjects: false });
    return document.toString({ lineWidth: 0, directives: false });
  });
  return texts.join("---\n");
}
