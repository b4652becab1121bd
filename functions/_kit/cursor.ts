/**
 * Cursors as clients see them: the place of a list, signed together with the path and the filters that it was made for.
 * Within the house a cursor is the bare place (`shared/paging`).
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { readSecret } from '../../shared/aws/secrets.ts';
import { config } from '../../shared/config/config.ts';
import { fail } from '../../shared/errors.ts';
import { isSameText } from '../../shared/text/same-text.ts';

const secret = z.object({ key: z.string().min(32) });
const withCursor = z.looseObject({ cursor: z.string() });
const withNext = z.looseObject({ nextCursor: z.string() });

/** The query with the bare cursor in it. Throws `invalid_cursor` for one that was not signed for this path and these filters. */
export async function openCursor(path: string, query: unknown): Promise<unknown> {
  const given = withCursor.safeParse(query);
  if (!given.success) return query;
  const { cursor } = given.data;
  const [place, mark, ...rest] = cursor.split('.');
  const expected = await sign(path, query, place ?? '');
  if (mark === undefined || rest.length > 0 || !isSameText(mark, expected)) {
    fail('invalid_cursor', { fields: [{ pointer: '/query/cursor', message: 'does not belong to this list' }] });
  }
  return { ...given.data, cursor: place };
}

/** The body with its cursor signed. */
export async function sealCursor(path: string, query: unknown, body: unknown): Promise<unknown> {
  const page = withNext.safeParse(body);
  if (query === undefined || !page.success) return body;
  const place = page.data.nextCursor;
  return { ...page.data, nextCursor: `${place}.${await sign(path, query, place)}` };
}

async function sign(path: string, query: unknown, place: string): Promise<string> {
  const { key } = await readSecret(config('cursorKey').CURSOR_KEY_SECRET_ARN, secret);
  const filters = Object.entries(z.looseObject({}).parse(query))
    .filter(([name, value]) => name !== 'cursor' && name !== 'limit' && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([path, filters, place]);
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, 22); // 132 bits
}
