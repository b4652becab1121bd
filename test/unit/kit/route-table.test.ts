import { expect, test } from 'vitest';
import { methodsOf } from '../../../functions/_kit/route-table.ts';

const paths = {
  '/posts': { get: {}, post: {} },
  '/posts/{postId}': { get: {}, delete: {} },
  '/posts/validate': { post: {} },
};

test.each([
  ['/posts', ['GET', 'POST'], true],
  ['/posts/1', ['DELETE', 'GET'], false],
  ['/posts/validate', ['POST'], true],
  ['/posts/', [], false],
  ['/posts/1/2', [], false],
  ['/{postId}', [], false],
  ['/constructor', [], false],
  ['', [], false],
])('%s takes %j', (path, methods, exact) => {
  expect(methodsOf(paths, path)).toEqual({ methods, exact });
});
