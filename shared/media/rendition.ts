import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Rendition } from './processed.ts';

/** Counts and hashes a file that was just written, reading it as a stream. */
export async function describeRendition(file: Omit<Rendition, 'bytes' | 'sha256'>): Promise<Rendition> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file.path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { ...file, bytes, sha256: hash.digest('hex') };
}
