/** Bodies of uploads as they stream in: the aws-chunked framing is taken off, size and checksums are taken along the way. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ServiceError } from './service-error.ts';

/** Checksums that can be computed here; S3 also knows crc32c and crc64nvme. */
export const checksumNames = ['crc32', 'sha1', 'sha256'] as const;
export type ChecksumName = (typeof checksumNames)[number];

/** What is known of a body when all of it has passed. */
export interface Measure {
  readonly bytes: number;
  readonly md5: Buffer;
  readonly sha256Hex: string;
  /** Base64, as in `x-amz-checksum-*`. */
  readonly checksum: (name: ChecksumName) => string;
}

export interface Meter {
  update(chunk: Buffer): void;
  result(): Measure;
}

export function createMeter(): Meter {
  const hashes = { md5: createHash('md5'), sha1: createHash('sha1'), sha256: createHash('sha256') };
  let bytes = 0;
  let crc = 0;
  return {
    update: (chunk) => {
      bytes += chunk.length;
      crc = crc32(chunk, crc);
      for (const hash of Object.values(hashes)) hash.update(chunk);
    },
    result: () => {
      const [md5, sha1, sha256] = [hashes.md5.digest(), hashes.sha1.digest(), hashes.sha256.digest()];
      const crcBytes = Buffer.alloc(4);
      crcBytes.writeUInt32BE(crc);
      const values = { crc32: crcBytes, sha1, sha256 };
      return { bytes, md5, sha256Hex: sha256.toString('hex'), checksum: (name) => values[name].toString('base64') };
    },
  };
}

/** Passes `source` on, feeding the meter; throws `tooLarge` once more than `maxBytes` have come. */
export async function* measured(
  source: AsyncIterable<Buffer>,
  meter: Meter,
  limit: { readonly maxBytes: number; readonly tooLarge: () => ServiceError },
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > limit.maxBytes) throw limit.tooLarge();
    meter.update(chunk);
    yield chunk;
  }
}

/** Takes the framing of `STREAMING-UNSIGNED-PAYLOAD-TRAILER` off and collects the trailers by lower-case name. */
export async function* unframed(source: AsyncIterable<Buffer>, trailers: Map<string, string>): AsyncGenerator<Buffer> {
  const reader = createReader(source);
  for (;;) {
    const size = /^([0-9a-fA-F]{1,8})(;.*)?$/.exec(await reader.line())?.[1];
    if (size === undefined) throw incompleteBody();
    let left = Number.parseInt(size, 16);
    if (left === 0) break;
    while (left > 0) {
      const data = await reader.take(left);
      left -= data.length;
      yield data;
    }
    if ((await reader.line()) !== '') throw incompleteBody();
  }
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const at = line.indexOf(':');
    if (at === -1) throw incompleteBody();
    trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }
}

/** Lines and counted bytes of a stream; both throw when it ends too early. */
function createReader(source: AsyncIterable<Buffer>) {
  const parts = source[Symbol.asyncIterator]();
  let pending = Buffer.alloc(0);

  async function fill(): Promise<void> {
    const next = await parts.next();
    if (next.done === true) throw incompleteBody();
    pending = pending.length === 0 ? Buffer.from(next.value) : Buffer.concat([pending, next.value]);
  }

  return {
    line: async (): Promise<string> => {
      for (;;) {
        const end = pending.indexOf('\r\n');
        if (end !== -1) {
          const line = pending.subarray(0, end).toString('latin1');
          pending = pending.subarray(end + 2);
          return line;
        }
        if (pending.length > 8192) throw incompleteBody();
        await fill();
      }
    },
    take: async (most: number): Promise<Buffer> => {
      if (pending.length === 0) await fill();
      const data = pending.subarray(0, most);
      pending = pending.subarray(data.length);
      return data;
    },
  };
}

export function incompleteBody(): ServiceError {
  return new ServiceError(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  );
}
