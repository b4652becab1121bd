/**
 * The work on one export: claim, pack ZIPs part by part, note each, settle. Killed, it goes on after the last part that was
 * noted; out of time, it sends itself on. A lease says whose work it is, and every note is refused to who has lost it.
 */
import { randomUUID } from 'node:crypto';
import { putStream } from '../aws/upload-stream.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { packPart, planOf } from './pack-part.ts';
import { sendExport } from './send.ts';
import { type Cursor, exportKey } from './shapes.ts';
import { claimExport, keepExport, noteExportPart } from './work-queries.ts';

const LEASE_S = 60;
const BEAT_MS = 5_000;
/** A ZIP ends after so many bytes: an attempt that dies loses no more than that. */
const PART_BYTES = 2 * 1024 ** 3;
const SPARE_MS = 90_000; // for the file that is under way, and for noting the part

export interface Limits {
  readonly partBytes?: number;
}

/** Throws where trying again may help; an export that is gone, or somebody else's, is left alone. */
export async function runExport(
  db: Db,
  exportId: string,
  remainingMs: () => number,
  { partBytes = PART_BYTES }: Limits = {},
): Promise<void> {
  let state: 'more' | 'done' | 'gone' = 'more';
  while (state === 'more' && remainingMs() > SPARE_MS) {
    state = await writePart(db, exportId, (bytes) => bytes > partBytes || remainingMs() < SPARE_MS);
  }
  if (state === 'more') await sendExport(exportId);
}

async function writePart(db: Db, exportId: string, isEnough: (bytes: number) => boolean) {
  const leaseToken = randomUUID();
  const claim = await db.one(claimExport, { exportId, leaseToken, leaseS: LEASE_S });
  if (claim.outcome === 'gone' || claim.cursor === null || claim.parts === null) return 'gone';
  const own = { exportId, leaseToken };
  const before = claim.parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const number = claim.parts.length + 1;
  const lost = new AbortController();
  const pack = {
    ...own,
    db,
    number,
    from: claim.cursor,
    stepsDone: claim.stepsDone ?? 0,
    isEnough,
    signal: lost.signal,
  };
  const { body, progress, done } = packPart(pack, await planOf(pack));
  const tell = async () => {
    const { stepsDone, stepsTotal, bytes } = progress;
    const kept = await db.one(keepExport, { ...own, leaseS: LEASE_S, stepsDone, stepsTotal, bytes: before + bytes });
    if (kept.outcome === 'gone') lost.abort(new Error('the export is gone, or somebody else’s'));
  };
  // A beat that fails is followed by one that does not, or the lease ends.
  const beat = setInterval(() => void tell().catch(() => {}), BEAT_MS);
  try {
    await tell();
    await Promise.all([putStream(exportKey(exportId, number), body, 'application/zip', lost.signal), done]);
  } catch (error) {
    body.destroy(); // ends whoever still writes
    if (lost.signal.aborted) return 'gone';
    throw error;
  } finally {
    clearInterval(beat);
  }
  return note(db, own, { number, before, progress });
}

interface Written {
  readonly number: number;
  readonly before: number;
  readonly progress: {
    readonly stepsDone: number;
    readonly stepsTotal: number;
    readonly bytes: number;
    readonly cursor: Cursor;
  };
}

async function note(db: Db, own: { exportId: string; leaseToken: string }, { number, before, progress }: Written) {
  const { stepsDone, stepsTotal, bytes, cursor } = progress;
  const isDone = cursor.step === 'done';
  const { outcome } = await db.one(noteExportPart, {
    ...own,
    ...{ stepsDone, stepsTotal, bytes: before + bytes, done: isDone },
    cursor: json(cursor),
    part: json({ number, bytes }),
  });
  if (outcome === 'gone') return 'gone';
  return isDone ? 'done' : 'more';
}
