/** Lists page by cursor over ids that grow with time (UUIDv7), newest first: stable while rows are inserted. */
import { z } from 'zod';
import { fail } from '../errors.ts';
import { plainInteger } from '../text/plain-values.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** The query fields that every list takes. */
export const pageQuery = {
  limit: plainInteger({ min: 1, max: MAX_LIMIT }).default(DEFAULT_LIMIT).describe('Items per page, 1 to 100.'),
  cursor: z.string().max(500).optional().describe('`nextCursor` of the previous page.'),
};

/** `{ data, nextCursor }` of a list door. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), nextCursor: z.string().nullable() });
}

/** A list that pages. Its name stands in its cursors, so that none is taken by another list. */
export type List =
  | 'accounts'
  | 'audit'
  | 'api-keys'
  | 'comments'
  | 'community-search'
  | 'content'
  | 'content-search'
  | 'exports'
  | 'invitations'
  | 'media'
  | 'members'
  | 'ownerless-projects'
  | 'people'
  | 'popular-posts'
  | 'posts'
  | 'posts-due'
  | 'posts-search'
  | 'projects'
  | 'report-links'
  | 'sessions'
  | 'titles'
  | 'user-invitations';

/** The id before which the page begins; null for the first page. */
export function readCursor(list: List, cursor: string | undefined): string | null {
  return readPlace(list, cursor, z.uuid());
}

/** The same for a list in another order: its place, as `place` of `toPageBy` wrote it. */
export function readPlace<T>(list: List, cursor: string | undefined, shape: z.ZodType<T, string>): T | null {
  if (cursor === undefined) return null;
  const [name, text] = Buffer.from(cursor, 'base64url').toString('utf8').split(/:(.*)/s);
  const place = shape.safeParse(text);
  return place.success && name === list
    ? place.data
    : fail('invalid_cursor', { fields: [{ pointer: '/query/cursor', message: 'does not belong to this list' }] });
}

/** Statements select `limit + 1` rows: the one too many says that there is a next page. One that ends a page early says so. */
export function toPage<Row extends { readonly id: string }>(
  list: List,
  rows: readonly Row[],
  limit: number,
  cut = false,
) {
  return toPageBy(list, rows, { limit, cut, place: ({ id }) => id });
}

export function toPageBy<Row>(
  list: List,
  rows: readonly Row[],
  { limit, cut = false, place }: { limit: number; cut?: boolean; place: (row: Row) => string },
) {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const nextCursor =
    (cut || rows.length > limit) && last !== undefined
      ? Buffer.from(`${list}:${place(last)}`).toString('base64url')
      : null;
  return { data, nextCursor };
}
