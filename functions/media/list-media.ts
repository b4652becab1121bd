import { z } from 'zod';
import { id } from '../../shared/db/columns.ts';
import { listMedia } from '../../shared/media/queries.ts';
import { Media, MediaKind, MediaStatus } from '../../shared/media/shapes.ts';
import { showMedia } from '../../shared/media/show-media.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/media',
  auth: 'user',
  scope: 'media:read',
  summary: 'List media, newest first',
  query: z.strictObject({
    ...pageQuery,
    projectId: id.optional().describe('Default: all your projects.'),
    status: MediaStatus.optional(),
    kind: MediaKind.optional(),
  }),
  status: 200,
  response: pageOf(Media).meta({ id: 'MediaPage' }),
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'], bucket: ['read'] },
})(async ({ query, db }) => {
  const rows = await db.many(listMedia, {
    projectId: query.projectId ?? null,
    status: query.status ?? null,
    mediaKind: query.kind ?? null,
    before: readCursor('media', query.cursor),
    limit: query.limit,
  });
  const { data, nextCursor } = toPage('media', rows, query.limit);
  return { data: await Promise.all(data.map(showMedia)), nextCursor };
});
