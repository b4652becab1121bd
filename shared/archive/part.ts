/** One object of an archive: rows as JSON lines, compressed. Only the compressed bytes are ever held in memory. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { openArchived } from '../aws/archive-objects.ts';

export interface PartWriter {
  /** Compressed bytes so far; what the compressor still holds is not counted. */
  readonly size: () => number;
  write(lines: readonly string[]): Promise<void>;
  end(): Promise<{ body: Buffer; sha256: string }>;
}

export function writePart(): PartWriter {
  const gzip = createGzip();
  const chunks: Buffer[] = [];
  let size = 0;
  gzip.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
  });
  return {
    size: () => size,
    write: async (lines) => {
      if (!gzip.write(`${lines.join('\n')}\n`)) await once(gzip, 'drain');
    },
    end: async () => {
      gzip.end();
      await once(gzip, 'end');
      const body = Buffer.concat(chunks);
      return { body, sha256: createHash('sha256').update(body).digest('hex') };
    },
  };
}

export interface PartSeen {
  rows: number;
  bytes: number;
  sha256: string;
}

/** The lines of an object. What was seen of it is complete once the last line was taken. */
export async function* readPart(
  key: string,
  seen: PartSeen = { rows: 0, bytes: 0, sha256: '' },
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const body = await openArchived(key);
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      seen.bytes += chunk.length;
      done(null, chunk);
    },
  });
  const gunzip = createGunzip();
  for (const [from, to] of [
    [body, counted],
    [counted, gunzip],
  ] as const) {
    from.on('error', (error) => to.destroy(error));
    from.pipe(to);
  }
  for await (const line of createInterface({ input: gunzip, crlfDelay: Number.POSITIVE_INFINITY })) {
    seen.rows += 1;
    yield line;
  }
  if (gunzip.errored !== null) throw gunzip.errored;
  seen.sha256 = hash.digest('hex');
}
