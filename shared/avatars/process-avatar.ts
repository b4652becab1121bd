/** One uploaded picture: look at it, cut squares out of it, store them, settle. The upload itself is never kept. */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { deleteObjects, openObject, putFile } from '../aws/objects.ts';
import type { Db } from '../db/client.ts';
import { describeError, log } from '../log.ts';
import { imageEngine, untrusted } from '../media/image-engine.ts';
import { processImage } from '../media/process-image.ts';
import type { Delivery } from '../media/process-upload.ts';
import { failure } from '../media/processed.ts';
import { sniffFile } from '../media/sniff.ts';
import { claimAvatar, settleAvatar } from './queries.ts';
import { avatarKey, avatarSizesPx, avatarUploadKey, maxAvatarBytes } from './shapes.ts';

interface Square {
  readonly key: string;
  readonly path: string;
}

type Looked =
  | { readonly kind: 'squares'; readonly squares: readonly Square[] }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string };

/** Throws where trying again may help; after the last delivery the picture has failed. */
export async function processAvatar(db: Db, avatarId: string, delivery: Delivery): Promise<void> {
  const upload = avatarUploadKey(avatarId);
  const { outcome } = await db.one(claimAvatar, { avatarId });
  if (outcome !== 'process') return deleteObjects([upload]);
  const dir = await mkdtemp(join(tmpdir(), 'posthaste-avatar-'));
  try {
    await settle(db, avatarId, await look(avatarId, dir, delivery.signal));
  } catch (error) {
    if (!delivery.last) throw error;
    log('error', 'avatar', { avatarId, ...describeError(error) });
    const reason = 'The picture could not be processed. Upload it once more.';
    await settle(db, avatarId, { kind: 'failed', code: 'processing_failed', reason });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function look(avatarId: string, dir: string, signal: AbortSignal): Promise<Looked> {
  const path = join(dir, 'upload');
  const outDir = join(dir, 'out');
  await mkdir(outDir);
  const found = await download(avatarUploadKey(avatarId), path, signal);
  if (found !== null) return found;
  const sniffed = await sniffFile(path);
  if (sniffed.kind === 'empty') return failure('empty', 'The file is empty.');
  if (sniffed.kind !== 'image') return failure('unsupported_type', 'The file is no image that we know.');
  const clean = await processImage({ path, outDir, mimeType: sniffed.mimeType, signal });
  if (clean.kind === 'failed') return clean;
  const original = clean.renditions.find(({ name }) => name === 'original');
  if (original === undefined) throw new Error('a processed image has no original');
  return { kind: 'squares', squares: await cut(original.path, avatarId, outDir) };
}

async function download(key: string, path: string, signal: AbortSignal): Promise<Looked | null> {
  try {
    const { body, length } = await openObject(key);
    if (length > maxAvatarBytes) {
      body.destroy();
      return failure('too_large', `The picture is larger than ${maxAvatarBytes / 1024 / 1024} MiB.`);
    }
    await pipeline(body, createWriteStream(path), { signal });
    return null;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NoSuchKey') throw error;
    return { kind: 'failed', code: 'upload_missing', reason: 'The uploaded picture is gone.' };
  }
}

/** From the cleaned image, of an animation its first frame; the middle is what stays. */
async function cut(original: string, avatarId: string, outDir: string): Promise<Square[]> {
  const engine = await imageEngine();
  const squares: Square[] = [];
  for (const px of avatarSizesPx) {
    const path = join(outDir, `${px}.webp`);
    await engine(original, untrusted)
      .resize({ width: px, height: px, fit: 'cover' })
      .webp({ quality: 82 })
      .toFile(path);
    squares.push({ key: avatarKey(avatarId, px), path });
  }
  return squares;
}

async function settle(db: Db, avatarId: string, result: Looked): Promise<void> {
  const squares = result.kind === 'squares' ? result.squares : [];
  for (const { key, path } of squares) await putFile(key, path, 'image/webp');
  const { outcome } = await db.one(settleAvatar, {
    avatarId,
    status: result.kind === 'squares' ? 'ready' : 'failed',
    failureCode: result.kind === 'failed' ? result.code : null,
    failureReason: result.kind === 'failed' ? result.reason : null,
  });
  // Removed meanwhile: what was just stored has no owner.
  const orphans = outcome === 'gone' ? squares.map(({ key }) => key) : [];
  await deleteObjects([avatarUploadKey(avatarId), ...orphans]);
}
