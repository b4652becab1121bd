/** A row with URLs. */
import { presignRead } from '../aws/objects.ts';
import type { MediaRow } from './queries.ts';
import type { Media } from './shapes.ts';

const URL_S = 3600;

export async function showMedia(row: MediaRow): Promise<Media> {
  const renditions = row.renditions.map(async ({ key, ...rest }) => ({ ...rest, url: await presignRead(key, URL_S) }));
  return { ...row, renditions: await Promise.all(renditions) };
}
