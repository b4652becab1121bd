/** One upload: claim its row, look at the file, store what was made of it, settle. Whatever happens, the disk is left clean. */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { deleteObjects, openObject, putFile } from '../aws/objects.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { describeError, log } from '../log.ts';
import { mediaLimits } from './limits.ts';
import { processMedia } from './process-media.ts';
import { failure, type MediaFailure, type Processed, type Rendition } from './processed.ts';
import type { UploadedObject } from './upload-event.ts';
import { claimMedia, settleMedia } from './work-queries.ts';

export interface Delivery {
  /** 1 on the first one. */
  readonly receives: number;
  /** After it nobody will try again. */
  readonly last: boolean;
  readonly signal: AbortSignal;
}

const LEASE_S = 330; // longer than a worker may live

type StoredRendition = Omit<Rendition, 'path'> & { readonly key: string };

/** Throws where trying again may help; after the last delivery the medium has failed. */
export async function processUpload(db: Db, upload: UploadedObject, delivery: Delivery): Promise<void> {
  const { mediaId, projectId, key } = upload;
  // The same message again: whoever had it before is dead.
  const again = delivery.receives > 1;
  const claim = await db.one(claimMedia, { mediaId, projectId, uploadKey: key, again, leaseS: LEASE_S });
  if (claim.outcome === 'busy') return;
  if (claim.outcome !== 'process') return deleteObjects([key]);
  const dir = await mkdtemp(join(tmpdir(), 'posthaste-media-'));
  try {
    const result = await look(upload, claim.declaredMimeType ?? '', dir, delivery.signal);
    await settle(db, upload, result);
  } catch (error) {
    if (!delivery.last) throw error;
    log('error', 'media', { mediaId, ...describeError(error) });
    await settle(db, upload, {
      kind: 'failed',
      code: 'processing_failed',
      reason: 'The file could not be processed. Upload it once more.',
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type Failed = Omit<MediaFailure, 'code'> & {
  readonly code: MediaFailure['code'] | 'upload_missing' | 'processing_failed';
};

async function look(
  { key }: UploadedObject,
  declaredMimeType: string,
  dir: string,
  signal: AbortSignal,
): Promise<Processed | Failed> {
  const path = join(dir, 'upload');
  const outDir = join(dir, 'out');
  await mkdir(outDir);
  const found = await download(key, path, signal);
  if (found === 'missing') return { kind: 'failed', code: 'upload_missing', reason: 'The uploaded file is gone.' };
  if (found === 'too large') return failure('too_large', 'The file is larger than anything that is taken.');
  return processMedia({ path, declaredMimeType, outDir, signal });
}

async function download(key: string, path: string, signal: AbortSignal): Promise<'here' | 'missing' | 'too large'> {
  try {
    const { body, length } = await openObject(key);
    if (length > mediaLimits.video.maxBytes) {
      body.destroy();
      return 'too large';
    }
    await pipeline(body, createWriteStream(path), { signal });
    return 'here';
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchKey') return 'missing';
    throw error;
  }
}

async function settle(db: Db, { mediaId, projectId, key }: UploadedObject, result: Processed | Failed): Promise<void> {
  const renditions = result.kind === 'processed' ? await store(projectId, mediaId, result.renditions) : [];
  const { outcome } = await db.one(settleMedia, {
    mediaId,
    projectId,
    result: json(toRow(result)),
    renditions: json(renditions),
  });
  // Deleted meanwhile: what was just stored has no owner.
  await deleteObjects(outcome === 'gone' ? [key, ...renditions.map((rendition) => rendition.key)] : [key]);
}

async function store(projectId: string, mediaId: string, renditions: readonly Rendition[]): Promise<StoredRendition[]> {
  const stored: StoredRendition[] = [];
  for (const { path, ...rendition } of renditions) {
    const key = `media/${projectId}/${mediaId}/${rendition.name}${extname(path)}`;
    await putFile(key, path, rendition.mimeType);
    stored.push({ ...rendition, key });
  }
  return stored;
}

function toRow(result: Processed | Failed) {
  if (result.kind === 'failed') return { status: 'failed', failureCode: result.code, failureReason: result.reason };
  const { mediaKind, mimeType, width, height, durationS, fps, videoCodec, audioCodec, renditions } = result;
  return {
    status: 'ready',
    kind: mediaKind,
    mimeType,
    bytes: renditions.find(({ name }) => name === 'original')?.bytes ?? null,
    width,
    height,
    durationMs: durationS === null ? null : Math.max(1, Math.round(durationS * 1000)),
    fps,
    videoCodec,
    audioCodec,
  };
}
