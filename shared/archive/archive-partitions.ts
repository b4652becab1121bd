/**
 * Takes partitions past their time out of the database: detach, write in parts, read every part back, drop. Each step is
 * written down where it is done, so whoever is killed at any point is followed by somebody who goes on from there.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { deleteArchived, putArchived } from '../aws/archive-objects.ts';
import type { Db } from '../db/client.ts';
import { instant } from '../db/columns.ts';
import { readPart, writePart } from './part.ts';
import {
  type ArchivePart,
  addArchivePart,
  detachExpired,
  dropArchived,
  listArchiveParts,
  markArchiveWritten,
  nextArchive,
  readArchivePage,
} from './queries.ts';

/** A page stays below the Data API's 1 MiB, escaped as it travels. */
const PAGE_BYTES = 300_000;
/** Compressed bytes after which a part is closed. */
const PART_BYTES = 32 * 1024 * 1024;
const SPARE_MS = 60_000;

type Archive = NonNullable<Awaited<ReturnType<typeof findArchive>>>;
const findArchive = (db: Db) => db.maybe(nextArchive, {});

export interface Archived {
  /** Partitions that left the database. */
  partitions: number;
  parts: number;
  rows: number;
}

/** What a partition's manifest says. */
export const Manifest = z.object({
  table: z.string(),
  partition: z.string(),
  fromAt: instant.nullable(),
  toAt: instant,
  rows: z.int(),
  parts: z.array(z.object({ key: z.string(), rows: z.int(), bytes: z.int(), sha256: z.string() })),
});

/** Archives until nothing is past its time, or the time is up. */
export async function archivePartitions(
  db: Db,
  remainingMs: () => number,
  partBytes: number = PART_BYTES,
): Promise<Archived> {
  const done: Archived = { partitions: 0, parts: 0, rows: 0 };
  while (remainingMs() > SPARE_MS) {
    const archive = await findArchive(db);
    if (archive === null) {
      if ((await db.maybe(detachExpired, {})) === null) return done;
      continue;
    }
    if (!archive.written && !(await writeArchive(db, archive, { remainingMs, partBytes, done }))) return done;
    const parts = await db.many(listArchiveParts, { archiveId: archive.id });
    const { result } = await db.one(dropArchived, { archiveId: archive.id });
    if (result === 'ok') done.partitions += 1;
    // Rows of it were purged meanwhile: they may not live on in the archive.
    else await deleteArchived(parts.map(({ objectKey }) => objectKey));
  }
  return done;
}

interface Work {
  readonly remainingMs: () => number;
  readonly partBytes: number;
  readonly done: Archived;
}

/** Whether all parts and the manifest are in the archive and were read back; false when the time is up. */
async function writeArchive(db: Db, archive: Archive, work: Work): Promise<boolean> {
  let afterId = archive.lastId;
  for (let number = archive.lastNumber + 1; ; number += 1) {
    if (work.remainingMs() < SPARE_MS) return false;
    const lastId = await writeNextPart(db, archive, { ...work, number, afterId });
    if (lastId === null) break;
    afterId = lastId;
  }
  const parts = await db.many(listArchiveParts, { archiveId: archive.id });
  for (const part of parts) {
    if (work.remainingMs() < SPARE_MS) return false;
    await verifyPart(part);
  }
  const manifestKey = `${folderOf(archive)}/manifest.json`;
  const manifest: z.input<typeof Manifest> = {
    table: archive.tableName,
    partition: archive.partitionName,
    fromAt: archive.fromAt,
    toAt: archive.toAt,
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    parts: parts.map(({ objectKey, rows, bytes, sha256 }) => ({ key: objectKey, rows, bytes, sha256 })),
  };
  await putArchived(manifestKey, Buffer.from(JSON.stringify(manifest, null, 2)), 'application/json');
  await db.maybe(markArchiveWritten, { archiveId: archive.id, manifestKey });
  return true;
}

/** The id of its last row; null when there are no more rows. */
async function writeNextPart(
  db: Db,
  archive: Archive,
  { number, afterId, partBytes, done, remainingMs }: Work & { number: number; afterId: string | null },
): Promise<string | null> {
  const writer = writePart();
  let lastId = afterId;
  let rows = 0;
  while (writer.size() < partBytes && remainingMs() > SPARE_MS / 2) {
    const page = await db.many(readArchivePage, { archiveId: archive.id, afterId: lastId, bytes: PAGE_BYTES });
    const last = page.at(-1);
    if (last === undefined) break;
    await writer.write(page.map(({ line }) => line));
    rows += page.length;
    lastId = last.id;
  }
  const { body, sha256 } = await writer.end();
  if (rows === 0 || lastId === null) return null;
  // Two archivers at once never write the same object; only one of them is noted.
  const suffix = randomBytes(4).toString('hex');
  const objectKey = `${folderOf(archive)}/${String(number).padStart(5, '0')}-${suffix}.jsonl.gz`;
  await putArchived(objectKey, body, 'application/gzip');
  const noted = await db.maybe(addArchivePart, {
    archiveId: archive.id,
    number,
    objectKey,
    rows,
    bytes: body.length,
    sha256,
    lastId,
  });
  if (noted === null) {
    await deleteArchived([objectKey]);
    throw new Error('another archiver is at the same partition');
  }
  done.parts += 1;
  done.rows += rows;
  return lastId;
}

/** A month can leave more than once: rows of it may come late. */
function folderOf({ tableName, partitionName, id }: Archive): string {
  return `${tableName}/${partitionName}/${id}`;
}

/** Reads an object to its end: as many rows and bytes as were written, and the same. */
async function verifyPart(part: ArchivePart): Promise<void> {
  const seen = { rows: 0, bytes: 0, sha256: '' };
  for await (const _ of readPart(part.objectKey, seen));
  if (seen.rows !== part.rows || seen.bytes !== part.bytes || seen.sha256 !== part.sha256)
    throw new Error(`the archive does not hold part ${part.number} as it was written`);
}
