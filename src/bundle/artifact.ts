import type { Project } from "../project/types.ts";
import type { ArtifactOptions, ArtifactResult } from "./artifact/types.ts";

export type {
  Artifact,
  ArtifactOptions,
  ArtifactResult,
  ArtifactWarning,
  BuiltFile,
  BundledUse,
  CopiedFile,
  OutsideUse,
} from "./artifact/types.ts";

/**
 * Builds the one file that holds the model and the runtime, `model/server.mjs`, and says what must go along with it.
 * The same inputs give the same bytes, wherever they lie. What is wrong with the sources is in the result.
 */
export async function buildArtifact(project: Project, options: ArtifactOptions = {}): Promise<ArtifactResult> {
  void options;
  return { ok: false, errors: [{ message: `${project.modelFile} cannot be packaged yet` }], inputs: [] };
}
