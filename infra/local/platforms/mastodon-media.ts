/** Uploads of the Mastodon simulator: by content, images at once, video after a while. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';
import { readFields } from './form.ts';
import type { Answer, Incoming, Route } from './http-server.ts';
import { authenticate, countNarrow, refuse } from './mastodon-auth.ts';
import { type Mastodon, type MediaRow, mediaRow, type UserRow } from './mastodon-store.ts';
import { mediaView } from './mastodon-views.ts';
import { readMp4 } from './mp4.ts';

export const imageTypes = [
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/heic',
  'image/heif',
  'image/webp',
  'image/avif',
];
export const videoTypes = ['video/webm', 'video/mp4', 'video/quicktime'];
export const imageSizeLimit = 16_777_216;
export const imageMatrixLimit = 33_177_600;
export const videoSizeLimit = 103_809_024;
export const descriptionLimit = 1500;

export function mastodonMediaRoutes(mastodon: Mastodon): Route[] {
  return [
    { method: 'POST', path: '/api/v2/media', handle: (incoming) => upload(mastodon, incoming) },
    { method: 'GET', path: '/api/v1/media/{id}', handle: (incoming) => show(mastodon, incoming) },
    { method: 'PUT', path: '/api/v1/media/{id}', handle: (incoming) => describe(mastodon, incoming) },
    {
      method: 'GET',
      path: '/system/media_attachments/files/{id}/{name}',
      handle: (incoming) => serveFile(mastodon, incoming.params.id ?? ''),
    },
  ];
}

interface Examined {
  readonly kind: 'image' | 'video';
  readonly mime: string;
  readonly extension: string;
  readonly width: number | null;
  readonly height: number | null;
  /** Found only while it is processed. */
  readonly broken: boolean;
}

async function upload(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const { user } = authenticate(mastodon, incoming, ['write:media']);
  countNarrow(mastodon, 'uploads', user);
  const fields = await readFields(incoming);
  const file = fields.file('file');
  if (file === undefined) throw refuse(422, "Validation failed: File can't be blank");
  const description = checkedDescription(fields.get('description'));
  const examined = await examine(file.bytes);
  const media = keep(mastodon, user, examined, description, file.bytes);
  return answer(mastodon, media, 202);
}

function keep(
  mastodon: Mastodon,
  user: UserRow,
  examined: Examined,
  description: string | null,
  bytes: Buffer,
): MediaRow {
  const { imageProcessingMs, videoProcessingMs } = mastodon.settings.get();
  const now = mastodon.now();
  const row: MediaRow = {
    id: mastodon.nextId(),
    user_id: user.id,
    kind: examined.kind,
    mime: examined.mime,
    extension: examined.extension,
    width: examined.width,
    height: examined.height,
    description,
    ready_ms: now + (examined.kind === 'image' ? imageProcessingMs : videoProcessingMs),
    failed: examined.broken ? 1 : 0,
    status_id: null,
    created_ms: now,
  };
  writeFileSync(fileOf(mastodon, row.id), bytes);
  mastodon.store.run(
    `INSERT INTO media (id, user_id, kind, mime, extension, width, height, description, ready_ms, failed, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.user_id,
    row.kind,
    row.mime,
    row.extension,
    row.width,
    row.height,
    row.description,
    row.ready_ms,
    row.failed,
    row.created_ms,
  );
  return row;
}

async function examine(bytes: Buffer): Promise<Examined> {
  const type = await fileTypeFromBuffer(bytes);
  if (type !== undefined && imageTypes.includes(type.mime)) return examineImage(bytes, type);
  if (type !== undefined && videoTypes.includes(type.mime)) {
    if (bytes.length > videoSizeLimit) throw refuse(422, 'Validation failed: File file size must be less than 99 MB');
    const broken = type.mime !== 'video/webm' && readMp4(bytes) === null;
    return { kind: 'video', mime: type.mime, extension: type.ext, width: null, height: null, broken };
  }
  throw refuse(422, 'Validation failed: File content type is invalid, File is invalid');
}

async function examineImage(bytes: Buffer, type: { mime: string; ext: string }): Promise<Examined> {
  if (bytes.length > imageSizeLimit) throw refuse(422, 'Validation failed: File file size must be less than 16 MB');
  let size: { width: number; height: number };
  try {
    const image = sharp(bytes, { failOn: 'truncated' });
    size = await image.metadata();
    await image.stats();
  } catch {
    throw refuse(422, 'Error processing thumbnail for uploaded media');
  }
  if (size.width * size.height > imageMatrixLimit) {
    throw refuse(422, `Validation failed: File ${size.width}x${size.height} images are not supported`);
  }
  return {
    kind: 'image',
    mime: type.mime,
    extension: type.ext,
    ...{ width: size.width, height: size.height },
    broken: false,
  };
}

function show(mastodon: Mastodon, incoming: Incoming): Answer {
  const { user } = authenticate(mastodon, incoming, ['write:media']);
  return answer(mastodon, unattached(mastodon, user, incoming.params.id ?? ''), 206);
}

async function describe(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const { user } = authenticate(mastodon, incoming, ['write:media']);
  const media = unattached(mastodon, user, incoming.params.id ?? '');
  const description = checkedDescription((await readFields(incoming)).get('description'));
  mastodon.store.run('UPDATE media SET description = ? WHERE id = ?', description, media.id);
  return answer(mastodon, { ...media, description }, 200);
}

function answer(mastodon: Mastodon, media: MediaRow, whileProcessing: number): Answer {
  if (mastodon.now() < media.ready_ms) return { status: whileProcessing, body: mediaView(mastodon, media) };
  if (media.failed === 1) throw refuse(422, 'Error processing thumbnail for uploaded media');
  return { status: 200, body: mediaView(mastodon, media) };
}

function unattached(mastodon: Mastodon, user: UserRow, id: string): MediaRow {
  const sql = 'SELECT * FROM media WHERE id = ? AND user_id = ? AND status_id IS NULL';
  const media = mastodon.store.one(mediaRow, sql, id, user.id);
  if (media === null) throw refuse(404, 'Record not found');
  return media;
}

function checkedDescription(description: string | undefined): string | null {
  if (description === undefined || description === '') return null;
  if ([...description].length > descriptionLimit) {
    throw refuse(422, `Validation failed: Description is too long (maximum is ${descriptionLimit} characters)`);
  }
  return description;
}

function serveFile(mastodon: Mastodon, id: string): Answer {
  const media = mastodon.store.one(mediaRow, 'SELECT * FROM media WHERE id = ?', id);
  if (media === null || media.failed === 1 || mastodon.now() < media.ready_ms) throw refuse(404, 'Not Found');
  return { status: 200, headers: { 'content-type': media.mime }, body: readFileSync(fileOf(mastodon, id)) };
}

function fileOf(mastodon: Mastodon, id: string): string {
  return join(mastodon.filesDir, `mastodon-${id}`);
}
