import ignore from "ignore";

/**
 * What Truss leaves out of every build unless a `.truss_ignore` in the archive says otherwise.
 * Source: truss/util/.truss_ignore of truss 0.18.36.
 */
const patterns = [
  ["__pycache__/", "*.py[cod]", "*$py.class", "*.so", ".Python", "build/", "develop-eggs/", "dist/", "downloads/"],
  ["eggs/", ".eggs/", "lib/", "lib64/", "parts/", "sdist/", "var/", "wheels/", "share/python-wheels/", "*.egg-info/"],
  [".installed.cfg", "*.egg", "MANIFEST", ".DS_Store", "*.manifest", "*.spec", "pip-log.txt"],
  ["pip-delete-this-directory.txt", "htmlcov/", ".tox/", ".nox/", ".coverage", ".coverage.*", ".cache"],
  ["nosetests.xml", "coverage.xml", "*.cover", "*.py,cover", ".hypothesis/", ".pytest_cache/", "cover/", "*.mo"],
  ["*.pot", "*.log", "local_settings.py", "db.sqlite3", "db.sqlite3-journal", "instance/", ".webassets-cache"],
  [".scrapy", "docs/_build/", ".pybuilder/", "target/", ".ipynb_checkpoints", "profile_default/", "ipython_config.py"],
  [".pdm.toml", "__pypackages__/", "celerybeat-schedule", "celerybeat.pid", "*.sage.py", ".env", ".venv", "env/"],
  ["venv/", "ENV/", "env.bak/", "venv.bak/", ".spyderproject", ".spyproject", ".ropeproject", ".mypy_cache/"],
  [".dmypy.json", "dmypy.json", ".ruff_cache/", ".pyre/", ".pytype/", "cython_debug/", ".git", "*.tmp", "*.swp"],
].flat();

/** What keeps files that Truss would leave out. */
export interface Keeping {
  /** Lines of a `.truss_ignore`: each names one folder or file. */
  readonly lines: readonly string[];
  /** The paths that Truss would have left out. */
  readonly kept: readonly string[];
  /** Those of them that the project's own `.truss_ignore` does not keep. */
  readonly unasked: readonly string[];
}

/** Finds which of these paths Truss would leave out. @param own the lines of the project's `.truss_ignore` */
export function keepFromTruss(paths: readonly string[], own: readonly string[]): Keeping {
  const defaults = ignore({ ignorecase: false }).add(patterns);
  const withOwn = ignore({ ignorecase: false })
    .add(patterns)
    .add([...own]);
  const lines = new Set<string>();
  const kept = paths.filter((path) => {
    const names = path.split("/");
    const dropped = names.map((name, index) => defaults.ignores(index < names.length - 1 ? `${name}/` : name));
    for (const [index, isDropped] of dropped.entries()) {
      if (!isDropped) continue;
      const step = names.slice(0, index + 1).join("/");
      lines.add(`!/${escapePattern(step)}${index < names.length - 1 ? "/" : ""}`);
    }
    return dropped.includes(true);
  });
  return { lines: [...lines].sort(), kept, unasked: kept.filter((path) => withOwn.ignores(path)).sort() };
}

/** Truss trims lines, and has no way to write some signs: one that stands for any sign will do. */
function escapePattern(path: string): string {
  return path.replaceAll(/[\s*?[\]!#\\]/g, "?");
}
