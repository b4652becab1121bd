import { expect, test } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../shared/errors.ts';
import { pageQuery, readCursor, toPage } from '../../../shared/paging/rules.ts';

const ids = [3, 2, 1].map((n) => ({ id: `0198b9d0-0000-7000-8000-00000000000${n}` }));

const encoded = (text: string) => Buffer.from(text).toString('base64url');

test('one row more than asked for means that there is a next page', () => {
  const page = toPage('posts', ids, 2);
  expect(page.data).toEqual(ids.slice(0, 2));
  expect(readCursor('posts', page.nextCursor ?? undefined)).toBe(ids[1]?.id);
});

test('the last page has no cursor, however full it is', () => {
  expect(toPage('posts', ids, 3)).toEqual({ data: ids, nextCursor: null });
  expect(toPage('posts', [], 3)).toEqual({ data: [], nextCursor: null });
});

test('the first page has no cursor to read', () => {
  expect(readCursor('posts', undefined)).toBe(null);
});

test.each([
  '',
  'x',
  'bm90IGFuIGlk',
  ids[0]?.id ?? '',
  encoded(`${ids[0]?.id}`),
  `${encoded(`posts:${ids[0]?.id}`)}AA`,
  encoded('posts'),
])('the cursor %j is none of ours', (cursor) => {
  expect(() => readCursor('posts', cursor)).toThrow(new AppError('invalid_cursor').message);
});

test('a cursor is good for the list that made it, and no other', () => {
  const { nextCursor } = toPage('posts', ids, 1);
  expect(() => readCursor('media', nextCursor ?? undefined)).toThrow(new AppError('invalid_cursor').message);
});

test('a page has 20 items unless asked for 1 to 100', () => {
  const query = z.strictObject(pageQuery);
  expect(query.parse({})).toEqual({ limit: 20 });
  expect(query.parse({ limit: '100' }).limit).toBe(100);
  for (const limit of ['0', '101', '1.5', '-1', 'x', '1e9', ' '])
    expect(query.safeParse({ limit }).success).toBe(false);
});
