/** Files sent as a client sends them. */
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { z } from 'zod';
import { Media, Upload } from '../../shared/media/shapes.ts';
import type { Person } from './people.ts';
import { eventually } from './posts.ts';
import type { World } from './world.ts';

export const Granted = z.object({ media: Media, upload: Upload });

/** When S3 takes the form no more. */
export function expiryOf(form: z.output<typeof Upload>): string {
  const text = Buffer.from(form.fields.Policy ?? '', 'base64').toString();
  return z.object({ expiration: z.string() }).parse(JSON.parse(text)).expiration;
}

export interface Sending {
  readonly projectId: string;
  /** Name below `test/media`. */
  readonly file: string;
  readonly mimeType: string;
  /** Sent instead of the file's content. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** Asks for an upload, sends the file by the form and waits until the worker has settled it. */
export async function upload(world: World, person: Person, sending: Sending): Promise<Media> {
  const bytes = sending.bytes ?? (await readFile(new URL(`../media/${sending.file}`, import.meta.url)));
  const { projectId, file: fileName, mimeType } = sending;
  const answer = await world.call('POST', '/v1/media', {
    token: person.token,
    json: { projectId, fileName, mimeType, bytes: bytes.length },
  });
  expect(answer.status, answer.text).toBe(201);
  const granted = answer.json(Granted);
  const sent = await sendForm(granted.upload, bytes, mimeType);
  expect(sent.status).toBe(204);
  return eventually(
    () => getMedia(world, person, granted.media.id),
    ({ status }) => status === 'ready' || status === 'failed',
    60_000,
  );
}

export async function getMedia(world: World, person: Person, mediaId: string): Promise<Media> {
  const answer = await world.call('GET', `/v1/media/${mediaId}`, { token: person.token });
  expect(answer.status, answer.text).toBe(200);
  return answer.json(Media);
}

/** All fields first, the file last. */
export function sendForm(
  { url, fields }: Pick<z.output<typeof Upload>, 'url' | 'fields'>,
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([bytes], { type }), 'file');
  return fetch(url, { method: 'POST', body: form });
}
