import { describe, expect, test } from 'vitest';
import { methodsOf, methodsOfDoor } from '../../../functions/_kit/route-table.ts';

const signedIn = { security: [{ bearer: [] }], responses: { 200: {} } };
const open = { security: [], responses: { 200: {} } };
const paths = {
  '/posts': { get: signedIn, post: signedIn },
  '/posts/{postId}': { get: signedIn, delete: signedIn },
  '/posts/validate': { post: signedIn },
  '/docs': { get: open },
  '/back': { get: { security: [], responses: { 302: {} } } },
  '/used': { get: { ...open, 'x-once': true } },
  '/mixed': { get: { security: [{}, { bearer: [] }], responses: { 200: {} } } },
};

test.each([
  ['/posts', ['GET', 'POST']],
  ['/posts/1', ['DELETE', 'GET']],
  ['/posts/validate', ['POST']],
  ['/docs', ['GET', 'HEAD']],
  ['/back', ['GET']],
  ['/used', ['GET']],
  ['/mixed', ['GET']],
  ['/posts/', []],
  ['/posts/1/2', []],
  ['/{postId}', []],
  ['/constructor', []],
  ['', []],
])('%s takes %j', (path, methods) => {
  expect(methodsOf(paths, path)).toEqual(methods);
});

describe('HEAD is a route of the gateway', () => {
  test.each([
    ['GET', 'public', 200, ['GET', 'HEAD']],
    ['GET', 'page', 200, ['GET', 'HEAD']],
    ['GET', 'public', 302, ['GET']],
    ['GET', 'user', 200, ['GET']],
    ['GET', 'optional', 200, ['GET']],
    ['GET', 'person', 200, ['GET']],
    ['POST', 'public', 200, ['POST']],
    ['$default', 'public', 200, ['$default']],
  ] as const)('%s, %s, %i: %j', (method, auth, status, methods) => {
    expect(methodsOfDoor({ method, auth, status })).toEqual(methods);
  });

  test('but not where a GET uses something up', () => {
    expect(methodsOfDoor({ method: 'GET', auth: 'page', status: 200, once: true })).toEqual(['GET']);
  });
});
