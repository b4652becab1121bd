/** Asks for an upload, sends the file as a browser's form would, and waits until it is ready. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { type Api, until } from './api.ts';

const medium = z.object({
  id: z.string(),
  status: z.string(),
  kind: z.string().nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  failure: z.unknown().optional(),
});
export type Medium = z.output<typeof medium>;
const asked = z.object({
  media: medium,
  upload: z.object({ url: z.string(), fields: z.record(z.string(), z.string()) }),
});

export async function upload(api: Api, projectId: string, file: URL, mimeType: string): Promise<Medium> {
  const bytes = await readFile(file);
  const fileName = basename(file.pathname);
  const { media, upload: form } = await api.call('POST', '/v1/media', asked, {
    projectId,
    fileName,
    mimeType,
    bytes: bytes.length,
  });
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.set(name, value);
  body.set('file', new Blob([bytes], { type: mimeType }), fileName);
  const sent = await fetch(form.url, { method: 'POST', body });
  if (!sent.ok)
    throw new Error(`the upload of ${fileName} answered ${sent.status}: ${(await sent.text()).slice(0, 300)}`);
  const get = () => api.call('GET', `/v1/media/${media.id}`, medium);
  const ready = await until(
    `${fileName} ready`,
    20_000,
    get,
    ({ status }) => status === 'ready' || status === 'failed',
  );
  if (ready.status !== 'ready') throw new Error(`${fileName} failed: ${JSON.stringify(ready)}`);
  return ready;
}
