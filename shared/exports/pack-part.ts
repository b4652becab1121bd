/**
 * One ZIP of an export, written while it is read: a page of rows and a piece of a file are in memory, never more. It ends where
 * the cursor says, between two rows or two files, once it is large enough or time is short.
 */
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { configure, ZipWriter } from '@zip.js/zip.js';
import { avatarKey } from '../avatars/shapes.ts';
import { openObject } from '../aws/objects.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { aboutExport } from './about.ts';
import { csvOf, linesOf, spreadsheets } from './rows.ts';
import { Cursor } from './shapes.ts';
import { findExportAvatar, planExport, readExportFiles, readExportPage } from './work-queries.ts';

const ROWS = 500;
const FILES = 50;
const beginning = Cursor.parse({});

export interface Pack {
  readonly db: Db;
  readonly exportId: string;
  readonly leaseToken: string;
  /** 1 for the first ZIP. */
  readonly number: number;
  readonly from: Cursor;
  readonly stepsDone: number;
  /** Asked between two pages and two files. */
  readonly isEnough: (bytes: number) => boolean;
  readonly signal: AbortSignal;
}

/** How far it is; read by who tells the person. */
export interface Progress {
  stepsDone: number;
  stepsTotal: number;
  bytes: number;
  cursor: Cursor;
}

export type Plan = Awaited<ReturnType<typeof planOf>>;

export async function planOf({ db, exportId, leaseToken }: Pick<Pack, 'db' | 'exportId' | 'leaseToken'>) {
  return db.one(planExport, { exportId, leaseToken });
}

/** The ZIP as a stream; `done` is settled once all of it was read. */
export function packPart(pack: Pack, plan: Plan): { body: Readable; progress: Progress; done: Promise<void> } {
  configure({ useWebWorkers: false });
  const progress: Progress = {
    stepsDone: pack.stepsDone,
    stepsTotal: plan.tables.length + plan.media + 1,
    bytes: 0,
    cursor: pack.from,
  };
  const pipe = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      progress.bytes += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const zip = new ZipWriter(pipe.writable, { zip64: true, signal: pack.signal });
  const done = write(pack, plan, zip, progress).catch(async (error: unknown) => {
    await pipe.writable.abort(error).catch(() => {}); // whoever reads hears of it
    throw error;
  });
  return { body: Readable.fromWeb(pipe.readable), progress, done };
}

type Zip = ZipWriter<unknown>;

async function write(pack: Pack, plan: Plan, zip: Zip, progress: Progress): Promise<void> {
  if (pack.number === 1) {
    await addText(zip, 'README.txt', aboutExport(plan));
    await addAvatar(pack, zip);
  }
  if (progress.cursor.step === 'tables') await writeTables(pack, plan, zip, progress);
  if (progress.cursor.step === 'files') await writeFiles(pack, zip, progress);
  await zip.close();
}

async function writeTables(pack: Pack, plan: Plan, zip: Zip, progress: Progress): Promise<void> {
  const begin = progress.cursor.table;
  for (const table of plan.tables.filter(({ name }) => begin === null || name >= begin)) {
    if (progress.cursor.table !== table.name) progress.cursor = { ...beginning, table: table.name };
    if (!(await writeTable(pack, table, zip, progress))) return;
    if (progress.cursor.format === 'ndjson' && spreadsheets.has(table.name)) {
      progress.cursor = { ...beginning, table: table.name, format: 'csv' };
      if (!(await writeTable(pack, table, zip, progress))) return;
    }
    progress.stepsDone += 1;
  }
  progress.cursor = { ...beginning, step: 'files' };
}

/** One file, from where the cursor stands. False where the ZIP was enough before the end. */
async function writeTable(pack: Pack, table: Plan['tables'][number], zip: Zip, progress: Progress): Promise<boolean> {
  const { after, format } = progress.cursor;
  const pages = pagesOf(pack, table.name, progress);
  const bytes = format === 'csv' ? csvOf(table.columns, pages) : linesOf(pages);
  const first = await bytes.next();
  // A table in which nothing is the person's needs no file.
  if (first.done !== true) {
    const file = `data/${table.name}${after === null ? '' : `.${pack.number}`}.${format}`;
    await zip.add(file, ReadableStream.from(withFirst(first.value, bytes)), { level: 6 });
  }
  return progress.cursor.after === 'end';
}

async function* withFirst(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

/** Rows that name the person, then those of their projects; the cursor moves along, to `end` when all are written. */
async function* pagesOf(pack: Pack, table: string, progress: Progress): AsyncGenerator<readonly string[]> {
  const { db, exportId, leaseToken, isEnough, signal } = pack;
  for (;;) {
    signal.throwIfAborted();
    const { ofProjects, after } = progress.cursor;
    const page = await db.many(readExportPage, {
      ...{ exportId, leaseToken, table, ofProjects },
      after: after === null ? null : json(after),
      limit: ROWS,
    });
    const last = page.at(-1);
    if (last === undefined) {
      progress.cursor = { ...progress.cursor, ofProjects: true, after: ofProjects ? 'end' : null };
      if (ofProjects) return;
      continue;
    }
    progress.cursor = { ...progress.cursor, after: last.atKey };
    yield page.map(({ line }) => line);
    if (isEnough(progress.bytes)) return;
  }
}

async function writeFiles(pack: Pack, zip: Zip, progress: Progress): Promise<void> {
  const { db, exportId, leaseToken, isEnough, signal } = pack;
  for (;;) {
    const page = await db.many(readExportFiles, { exportId, leaseToken, after: progress.cursor.media, limit: FILES });
    if (page.length === 0) break;
    for (const { mediaId, projectId, renditions } of page) {
      signal.throwIfAborted();
      for (const { name, key } of renditions) {
        await addObject(zip, `files/${projectId}/${mediaId}/${name}${extname(key)}`, key);
      }
      progress.stepsDone += 1;
      progress.cursor = { ...progress.cursor, media: mediaId };
      if (isEnough(progress.bytes)) return;
    }
  }
  progress.cursor = { ...progress.cursor, step: 'done' };
}

async function addAvatar({ db, exportId }: Pack, zip: Zip): Promise<void> {
  const found = await db.maybe(findExportAvatar, { exportId });
  if (found !== null) await addObject(zip, 'files/avatar.webp', avatarKey(found.avatarId, 512));
}

/** One that was deleted meanwhile is passed over: its row says so, or is gone too. */
async function addObject(zip: Zip, name: string, key: string): Promise<void> {
  try {
    const { body } = await openObject(key);
    // Images and videos are compressed already.
    await zip.add(name, ReadableStream.from<Uint8Array>(body), { level: 0 });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NoSuchKey') throw error;
  }
}

async function addText(zip: Zip, name: string, text: string): Promise<void> {
  await zip.add(name, ReadableStream.from([Buffer.from(text)]), { level: 6 });
}
