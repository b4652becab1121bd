/** Words for the person at the terminal. */
import { isAbsolute, relative } from 'node:path';

/** Relative to the working folder where that is shorter to read. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}

export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0] ?? message;
}
