import { z } from 'zod';
import { listApiKeys } from '../../shared/api-keys/queries.ts';
import { ApiKey } from '../../shared/api-keys/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { endpoint } from '../_kit/endpoint.ts';

export const handler = endpoint({
  method: 'GET',
  path: '/v1/projects/{projectId}/api-keys',
  auth: 'person',
  summary: 'List the API keys of a project, newest first',
  description: 'Owners only. The keys themselves are never returned.',
  params: z.strictObject({ projectId: id }),
  query: z.strictObject(pageQuery),
  status: 200,
  response: pageOf(ApiKey).meta({ id: 'ApiKeyPage' }),
  errors: ['forbidden'],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ db, params, query: { cursor, limit } }) => {
  const { keys } = await db.change(listApiKeys, { ...params, before: readCursor('api-keys', cursor), limit });
  return toPage('api-keys', keys, limit);
});
