/** As much of ISO 14496-12 as a platform needs to refuse a broken video: boxes in place, length, what the tracks are. */

export interface VideoFacts {
  readonly durationS: number;
  readonly codecs: readonly string[];
}

const containers = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/** Null when a box points past the end of the file, or when `moov`, `mdat` or a video track is missing. */
export function readMp4(bytes: Buffer): VideoFacts | null {
  const found = { moov: false, mdat: false, durationS: 0, codecs: [] as string[] };
  const whole = walk(bytes, 0, bytes.length, (type, start, end) => {
    if (type === 'moov') found.moov = true;
    if (type === 'mdat') found.mdat = true;
    if (type === 'mvhd') found.durationS = durationOf(bytes, start);
    if (type === 'stsd' && start + 16 <= end) found.codecs.push(bytes.toString('latin1', start + 12, start + 16));
  });
  if (!whole || !found.moov || !found.mdat) return null;
  return { durationS: found.durationS, codecs: found.codecs };
}

function walk(
  bytes: Buffer,
  from: number,
  to: number,
  visit: (type: string, start: number, end: number) => void,
): boolean {
  let at = from;
  while (at + 8 <= to) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    const short = bytes.readUInt32BE(at);
    const long = short === 1 && at + 16 <= to;
    const size = short === 0 ? to - at : long ? Number(bytes.readBigUInt64BE(at + 8)) : short;
    if (size < 8 || at + size > to) return false;
    const start = at + (long ? 16 : 8);
    visit(type, start, at + size);
    if (containers.has(type) && !walk(bytes, start, at + size, visit)) return false;
    at += size;
  }
  return at === to;
}

function durationOf(bytes: Buffer, start: number): number {
  const version = bytes.readUInt8(start);
  const scale = version === 1 ? bytes.readUInt32BE(start + 20) : bytes.readUInt32BE(start + 12);
  const length = version === 1 ? Number(bytes.readBigUInt64BE(start + 24)) : bytes.readUInt32BE(start + 16);
  return scale === 0 ? 0 : length / scale;
}
