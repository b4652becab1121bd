import { z } from 'zod';
import { listContent, searchContent } from '../../shared/content/queries.ts';
import { ContentStatus, ContentSummary, meantPlatform } from '../../shared/content/shapes.ts';
import { id } from '../../shared/db/columns.ts';
import { pageOf, pageQuery, readCursor, toPage } from '../../shared/paging/rules.ts';
import { searchWords } from '../../shared/text/search.ts';
import { givenInstant } from '../../shared/time/shapes.ts';
import { endpoint } from '../_kit/endpoint.ts';

const Page = pageOf(ContentSummary).meta({ id: 'ContentPage' });

export const handler = endpoint({
  method: 'GET',
  path: '/v1/content',
  auth: 'user',
  scope: 'content:read',
  summary: 'List or search content',
  description: 'Newest first; with `q`, best match first, among the newest thousand matches of each project.',
  query: z.strictObject({
    ...pageQuery,
    projectId: id.optional().describe('Default: all your projects.'),
    platform: meantPlatform.optional(),
    status: ContentStatus.optional(),
    since: givenInstant.optional().describe('Created at this instant or later.'),
    q: searchWords.optional(),
  }),
  status: 200,
  response: Page,
  errors: [],
  uses: { database: 'api', secrets: ['verificationKeys', 'cursorKey'] },
})(async ({ query, db }) => {
  const list = query.q === undefined ? 'content' : 'content-search';
  const filters = {
    projectId: query.projectId ?? null,
    platform: query.platform ?? null,
    status: query.status ?? null,
    since: query.since ?? null,
    before: readCursor(list, query.cursor),
    limit: query.limit,
  };
  const rows =
    query.q === undefined
      ? await db.many(listContent, filters)
      : await db.many(searchContent, { ...filters, words: query.q });
  return Page.parse(toPage(list, rows, query.limit));
});
