const lookEveryMs = 500;

/**
 * Calls back once when the process that started this one has ended, as seen by its number's changing, which Windows
 * does not do. Returns the way to stop looking.
 */
export function onParentGone(tell: () => void): () => void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    tell();
  }, lookEveryMs).unref();
  return () => clearInterval(timer);
}
