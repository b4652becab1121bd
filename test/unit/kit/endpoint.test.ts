import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endpoint } from '../../../functions/_kit/endpoint.ts';
import { htmlPage } from '../../../functions/_kit/page.ts';
import { Problem, statusOf } from '../../../functions/_kit/problem.ts';
import { errors } from '../../../shared/error-table.ts';
import { AppError, type ErrorCode, fail } from '../../../shared/errors.ts';
import { LOG_SINK } from '../../../shared/log.ts';
import { logsOf, serveDoors } from '../../support/doors.ts';

const common = { method: 'GET', auth: 'public', summary: 'Test', status: 200, uses: {} } as const;
const codes = Object.keys(errors) as ErrorCode[];

const failing = endpoint({
  ...common,
  path: '/fail/{code}',
  params: z.strictObject({ code: z.string() }),
  response: z.object({}),
  errors: codes,
})(async ({ params }) => {
  const code = codes.find((known) => known === params.code) ?? fail('no_such_route');
  throw new AppError(code, {
    retryAfterS: 1.2,
    allow: ['GET', 'POST'],
    detail: 'More.',
    cause: new Error('hidden words'),
  });
});

const falling = endpoint({ ...common, path: '/fall', response: z.object({}), errors: [] })(async () => {
  throw new TypeError('secret words of a row');
});

const undeclared = endpoint({ ...common, path: '/undeclared', response: z.object({}), errors: [] })(async () =>
  fail('in_use'),
);

const chatty = endpoint({ ...common, path: '/chatty', response: z.object({ name: z.string() }), errors: [] })(
  async () => {
    const row = { name: 'Ada', passwordHash: 'secret words' };
    return row;
  },
);

const wrongAnswer = endpoint({ ...common, path: '/wrong', response: z.object({ name: z.string() }), errors: [] })(
  async () => JSON.parse('{"name":7}'),
);

const picture = endpoint({ ...common, path: '/picture', content: 'image/png', errors: [] })(async () => ({
  body: Uint8Array.of(137, 80, 78, 71, 0, 255),
}));

const away = endpoint({ ...common, path: '/away', status: 302, errors: [] })(async () => ({
  headers: { location: 'https://example.com/' },
}));

const page = endpoint({ ...common, path: '/page', content: 'text/html; charset=utf-8', errors: [] })(async () =>
  htmlPage({ title: 'T', body: '<p>Hi</p>', script: 'let a = 1;', sources: { 'script-src': "'self'" } }),
);

let served: Awaited<ReturnType<typeof serveDoors>>;
beforeAll(async () => {
  Reflect.set(globalThis, LOG_SINK, () => {});
  served = await serveDoors({ failing, falling, undeclared, chatty, wrongAnswer, picture, away, page });
});
afterAll(() => served.close());

const get = (path: string) => fetch(served.origin + path, { redirect: 'manual' });

describe('a problem', () => {
  test.each(codes)('%s has its status, its actor and nothing of its cause', async (code) => {
    const response = await get(`/fail/${code}`);
    const text = await response.text();
    const body = Problem.strict().parse(JSON.parse(text));
    expect(response.status).toBe(statusOf(code));
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-request-id')).toBe(body.requestId);
    expect(body).toMatchObject({
      type: `urn:posthaste:problem:${code}`,
      status: response.status,
      code,
      title: errors[code].title,
      actor: errors[code].actor,
      retryable: errors[code].retryable,
      instance: `/fail/${code}`,
      detail: 'More.',
    });
    expect(text).not.toContain('hidden');
    expect(response.headers.get('www-authenticate')).toBe(response.status === 401 ? 'Bearer' : null);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('allow')).toBe('GET, POST');
  });

  test('nobody foresaw is a bare 500, and its words are not even logged', async () => {
    let text = '';
    const [line] = await logsOf(async () => {
      text = await (await get('/fall')).text();
    });
    expect(JSON.parse(text)).toMatchObject({ status: 500, code: 'internal', actor: 'us' });
    expect(line).toMatchObject({
      level: 'error',
      message: 'request',
      route: 'GET /fall',
      status: 500,
      error: 'TypeError',
    });
    expect(text + JSON.stringify(line)).not.toContain('secret');
  });

  test('that the door does not declare never comes out: it is a defect, and the log says which it was', async () => {
    let body: unknown;
    const [line] = await logsOf(async () => {
      body = await (await get('/undeclared')).json();
    });
    expect(body).toMatchObject({ status: 500, code: 'internal', title: errors.internal.title });
    expect(line).toMatchObject({ level: 'error', error: 'AppError', note: 'in_use', code: 'internal', status: 500 });
  });
});

describe('an answer', () => {
  test('holds what was declared and no column more', async () => {
    const response = await get('/chatty');
    expect(await response.text()).toBe('{"name":"Ada"}');
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('that is not what was declared does not leave the house', async () => {
    const [line] = await logsOf(async () => expect((await get('/wrong')).status).toBe(500));
    expect(line).toMatchObject({ level: 'error', status: 500 });
  });

  test('may be bytes, a redirect or a page', async () => {
    const bytes = await get('/picture');
    expect(bytes.headers.get('content-type')).toBe('image/png');
    expect([...new Uint8Array(await bytes.arrayBuffer())]).toEqual([137, 80, 78, 71, 0, 255]);
    const redirect = await get('/away');
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'https://example.com/']);
    const html = await get('/page');
    expect(html.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; .*script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='$/,
    );
  });

  test('is one log line with route, status and time, and no query', async () => {
    const lines = await logsOf(() => get('/chatty?password=secret'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'info',
      operation: 'chatty',
      route: 'GET /chatty',
      status: 422,
      dataApiCalls: 0,
    });
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});
