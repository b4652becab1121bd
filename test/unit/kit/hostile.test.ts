/** Whatever goes wrong inside, a client gets a problem that says nothing of the inside. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endpoint } from '../../../functions/_kit/endpoint.ts';
import { Problem } from '../../../functions/_kit/problem.ts';
import { AppError, fail } from '../../../shared/errors.ts';
import { LOG_SINK } from '../../../shared/log.ts';
import { logsOf, serveDoors } from '../../support/doors.ts';

const INSIDE = 'swordfish';
const MIB = 1024 * 1024;
const LARGE = 6_180_000;

/** Errors as libraries, the database and careless code throw them. */
const thrown: Readonly<Record<string, () => unknown>> = {
  error: () => new Error(`${INSIDE} at select password_hash from users`),
  withCause: () => new Error('outer', { cause: new Error(INSIDE) }),
  appWithCause: () => new AppError('internal', { cause: new Error(INSIDE), note: 'SQLSTATE 22P05' }),
  zod: () => z.object({ name: z.literal(INSIDE) }).safeParse({}).error,
  aggregate: () => new AggregateError([new Error(INSIDE)], INSIDE),
  text: () => INSIDE,
  nothing: () => undefined,
  none: () => null,
  number: () => 42,
  symbol: () => Symbol(INSIDE),
  fakeProblem: () => ({ name: 'AppError', code: 'not_found', detail: { detail: INSIDE }, message: INSIDE }),
  statusLike: () => Object.assign(new Error(INSIDE), { statusCode: 404, status: 404, expose: true }),
  liar: () =>
    new Proxy(new Error(INSIDE), {
      get(target, name) {
        if (name === 'stack' || name === 'message') throw new Error(INSIDE);
        return Reflect.get(target, name);
      },
    }),
  loop: () => {
    const error: Error & { cause?: unknown } = new Error(INSIDE);
    error.cause = error;
    return error;
  },
  named: () => Object.assign(new Error(INSIDE), { name: `${INSIDE}@example.com` }),
};

/** Answers that must not leave the house. */
const answers: Readonly<Record<string, () => unknown>> = {
  wrong: () => ({ text: 7 }),
  missing: () => ({}),
  none: () => undefined,
  null: () => null,
  huge: () => ({ text: 'x'.repeat(7 * MIB) }),
  hugeOnTheWire: () => ({ text: '\u0001'.repeat(1.2 * MIB) }),
  hugeInBytes: () => ({ text: '🥨'.repeat(1.7 * MIB) }),
  getter: () => ({
    get text() {
      throw new Error(INSIDE);
    },
  }),
  bigint: () => ({ text: 'x', more: 1n }),
};

const common = {
  method: 'POST',
  auth: 'public',
  maxBody: 1024 * 1024,
  summary: 'Test',
  status: 200,
  errors: [],
  uses: {},
} as const;
const shape = z.object({ text: z.string(), more: z.unknown().optional() });

const throwing = endpoint({
  ...common,
  path: '/throw/{what}',
  params: z.strictObject({ what: z.string() }),
  response: shape,
})(async ({ params }) => {
  throw thrown[params.what]?.();
});
const answering = endpoint({
  ...common,
  path: '/answer/{what}',
  params: z.strictObject({ what: z.string() }),
  response: shape,
})(
  async ({ params }) =>
    JSON.parse(JSON.stringify({ text: 'fine' })) && Reflect.apply(answers[params.what] ?? fail, undefined, []),
);
const largest = endpoint({ ...common, path: '/largest', response: shape })(async () => ({
  text: 'x'.repeat(LARGE),
}));
const shout = endpoint({ ...common, path: '/shout', response: shape, body: z.strictObject({ text: z.string() }) })(
  async ({ body }) => {
    throw new Error(`syntax error at or near "${body.text}"`);
  },
);

let served: Awaited<ReturnType<typeof serveDoors>>;
beforeAll(async () => {
  Reflect.set(globalThis, LOG_SINK, () => {});
  served = await serveDoors({ throwing, answering, largest, shout });
});
afterAll(() => served.close());

async function post(path: string, body?: string) {
  let text = '';
  let response: Response | undefined;
  const lines = await logsOf(async () => {
    response = await fetch(served.origin + path, {
      method: 'POST',
      ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
    });
    text = await response.text();
  });
  if (response === undefined) throw new Error('there is no answer');
  return { response, text, lines };
}

function expectBare({ response, text, lines }: Awaited<ReturnType<typeof post>>, secret = INSIDE): void {
  const problem = Problem.strict().parse(JSON.parse(text));
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(problem).toMatchObject({ status: 500, code: 'internal', actor: 'us', retryable: true });
  expect(Object.keys(problem).sort()).toEqual(
    ['actor', 'code', 'instance', 'requestId', 'retryable', 'status', 'title', 'type'].sort(),
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'error', status: 500, code: 'internal', requestId: problem.requestId });
  expect(text).not.toContain(secret);
  expect(JSON.stringify(lines)).not.toContain(secret);
}

describe('a door that throws', () => {
  test.each(Object.keys(thrown))('%s', async (what) => expectBare(await post(`/throw/${what}`)));

  test('words of the request that a library quotes', async () => {
    for (const word of [`' or 1=1 --${randomUUID()}`, '<script>alert(1)</script>', 'at secret (a.ts:1:1)']) {
      expectBare(await post('/shout', JSON.stringify({ text: word })), word);
    }
  });
});

describe('a door whose answer must not go out', () => {
  test.each(Object.keys(answers))('%s', async (what) => expectBare(await post(`/answer/${what}`)));

  test('what Lambda just takes does', async () => {
    const { response, text } = await post('/largest');
    expect([response.status, text.length]).toEqual([200, LARGE + '{"text":""}'.length]);
  });
});
