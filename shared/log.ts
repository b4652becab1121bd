/** One JSON line per fact. Ids, names and counts only: never a token, a body or a header. */

export type Fields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

export function log(level: 'info' | 'warn' | 'error', message: string, fields: Fields = {}): void {
  console.log(JSON.stringify({ level, message, ...fields }));
}

/** What a log line may say of an error: its name and stack frames, never its message, which may quote data. */
export function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const cause = error.cause instanceof Error ? error.cause : undefined;
  return { error: error.name, frames: frames(error), causeName: cause?.name, causeFrames: cause && frames(cause) };
}

function frames(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 6)
    .map((line) => line.trim());
}
