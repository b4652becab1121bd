/**
 * What a declaration implies without naming it: a database that is away or answers nonsense, too many requests, a repeated
 * Idempotency-Key, a version that is old, keys without the scope, sessions that must prove themselves. Every door is brought to
 * each of them, and says so in the one way there is.
 */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { errorsOf } from '../../functions/_kit/endpoint.ts';
import { statusOf } from '../../functions/_kit/problem.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { newApiKey } from '../../shared/auth/api-key.ts';
import { hashWithSalt } from '../../shared/auth/password.ts';
import { hashToken } from '../../shared/auth/tokens.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { cookieOf, secretsOf } from '../../shared/identities/browser-secrets.ts';
import { NEVER } from '../support/answers.ts';
import type { Answer, CallOptions } from '../support/call.ts';
import { mailedToken, password } from '../support/people.ts';
import { pathOf, type Sample, type Seed, sampleOf, samplesOf, seedOwner, sendSample } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const routes = endpointsOf(await listDoors());
type Route = (typeof routes)[number];
const implying = (code: ErrorCode) =>
  routes.filter(
    ({ operation, contract }) =>
      contract.method !== '$default' && errorsOf(contract).includes(code) && NEVER[operation]?.[code] === undefined,
  );
const withDatabase = implying('database_unavailable');

/** What the browser holds that went to a provider. */
const BROWSER = 'b'.repeat(43);

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  // So that no right is missing where something else is.
  await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
  // Those of the walks end before the database is asked.
  const { email } = seed.stranger;
  await world.call('POST', '/v1/auth/forgot-password', { json: { email } });
  const reset = { token: mailedToken(world, email, 'reset-password'), newPassword: password };
  const reaching: Record<string, Sample> = {
    refresh: { stranger: 'own', bodies: [{ refreshToken: seed.owner.refreshToken }] },
    resetPassword: { stranger: 'own', bodies: [reset] },
    returnFromProvider: { stranger: 'own', query: { state: secretsOf(BROWSER).state, code: 'x' } },
  };
  samples = { ...samplesOf(seed), ...reaching };
  await world.sql(
    `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed)
     values ('nowhere', 'Nowhere', 'https://id.example.com', 'x', 'y') on conflict do nothing`,
  );
  await world.stopWorkers();
});
afterAll(() => world.close());

const isOpen = ({ auth }: EndpointContract) => auth === 'public' || auth === 'page';

/** As the owner, unless something else is said. */
function ask({ operation, contract }: Route, options: CallOptions = {}): Promise<Answer> {
  const token = isOpen(contract) ? {} : { token: seed.owner.token };
  const cookie = operation === 'returnFromProvider' ? { headers: { cookie: cookieOf(BROWSER) } } : {};
  return sendSample(world, contract, sampleOf(samples, operation), { ...token, ...cookie, ...options });
}

const COMES_AGAIN = { 'retry-after': /^[1-9]\d*$/ };

const AT_ONCE = 24; // more would wait for each other longer than a request may

/** Many at once; what is not as expected, by operation. Nothing may throw before all are answered: some would take effect. */
async function refusals(
  doors: readonly Route[],
  code: ErrorCode,
  send: (door: Route) => Promise<Answer>,
  headers: Readonly<Record<string, RegExp>> = {},
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const judge = async (door: Route) => {
    const answer = await send(door);
    const given = Object.entries(headers).filter(([name, form]) => !form.test(answer.headers.get(name) ?? ''));
    const named = given.map(([name]) => `${name}: ${answer.headers.get(name)}`).join(' ');
    const fine = answer.status === statusOf(code) && answer.code === code && given.length === 0;
    if (!fine) wrong.push(`${door.operation}: ${answer.status} ${named} ${answer.text.slice(0, 300)}`);
  };
  for (let from = 0; from < doors.length; from += AT_ONCE) {
    await Promise.all(doors.slice(from, from + AT_ONCE).map(judge));
  }
  return wrong;
}

describe('the database', () => {
  const strike = async (error: string, work: () => Promise<void>) => {
    world.faults.arm({ point: 'data-api:*', action: 'error', error, times: 1_000_000 });
    try {
      await work();
    } finally {
      world.faults.clear();
    }
  };

  test('is away: every door says so within its patience, and when to come again', () =>
    strike('DatabaseUnavailableException', async () => {
      expect(await refusals(withDatabase, 'database_unavailable', (door) => ask(door), COMES_AGAIN)).toEqual([]);
    }));

  test('answers nonsense: every door says that it is our fault, and nothing else', () =>
    strike('DatabaseErrorException XX000', async () => {
      const heard: string[] = [];
      const wrong = await refusals(withDatabase, 'internal', async (door) => {
        const answer = await ask(door);
        heard.push(answer.text);
        return answer;
      });
      expect(wrong).toEqual([]);
      // a request id is random letters: some spell SQL
      const words = heard.map((text) => text.replace(/"requestId":"[^"]*"/, ''));
      expect(words.filter((text) => /injected|XX000|SQL/i.test(text))).toEqual([]);
    }));
});

const outcome = z.object({ statusCode: z.int(), body: z.string() });

test('an event that no gateway sends is our fault too: doors without a database', async () => {
  const others = routes.filter(({ contract }) => contract.uses.database === undefined);
  for (const { operation } of others) {
    const event = { headers: {}, requestContext: { requestId: randomUUID() } };
    const invocation = await world.invoke(operation, event);
    if (invocation.kind !== 'ok') throw new Error(`${operation}: ${JSON.stringify(invocation)}`);
    const { statusCode, body } = outcome.parse(JSON.parse(invocation.payload));
    expect([operation, statusCode, JSON.parse(body).code]).toEqual([operation, 500, 'internal']);
    expect(body).not.toMatch(/undefined|TypeError/);
  }
});

test('too many requests: every door stops at the limit of its class, and says for how long', async () => {
  const limits = await world.sql('select class, max_requests, window_s from rate_limits');
  await world.sql('update rate_limits set max_requests = 1, window_s = 86400');
  await world.sql(
    `insert into rate_counters (caller, class, window_start, count, expires_at)
     select c.caller, l.class, to_timestamp(floor(extract(epoch from app.now()) / 86400) * 86400), 1, app.now() + interval '1 day'
     from rate_limits l, (values ('user:' || $1), (app.address_caller('127.0.0.1'))) as c (caller)
     on conflict on constraint rate_counters_pkey do update set count = 1`,
    [seed.owner.id],
  );
  try {
    const headers = { ...COMES_AGAIN, ratelimit: /^"\w+";r=0;t=\d+$/, 'ratelimit-policy': /^"\w+";q=1;w=86400$/ };
    const doors = implying('too_many_requests');
    expect(await refusals(doors, 'too_many_requests', (door) => ask(door), headers)).toEqual([]);
  } finally {
    for (const { class: name, max_requests: max, window_s: window } of limits)
      await world.sql('update rate_limits set max_requests = $2, window_s = $3 where class = $1', [name, max, window]);
    await world.sql('delete from rate_counters');
  }
});

describe('an Idempotency-Key', () => {
  /** As app.run names them; nobody is an address and a program. */
  const callerOf = async ({ contract }: Route) => (isOpen(contract) ? (await nameless('')).caller : seed.owner.id);
  const nameless = async (bodyHash: string) => {
    const call = JSON.stringify({ ip: '127.0.0.1', userAgent: 'node', repeat: { bodyHash } });
    const [row] = await world.sql(`select caller, repeat ->> 'bodyHash' as hash from app.nameless($1)`, [call]);
    return { caller: String(row?.caller), hash: String(row?.hash) };
  };
  const routeOf = ({ operation, contract }: Route) =>
    `POST ${new URL(pathOf(contract, sampleOf(samples, operation)), world.origin).pathname}`;

  test('of a request that still runs', async () => {
    const doors = implying('idempotency_in_flight');
    const key = randomUUID();
    const other = await world.database.connect();
    try {
      for (const door of doors) {
        const name = [await callerOf(door), routeOf(door), key].join('\u001f');
        await other.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
      }
      const send = (door: Route) => ask(door, { idempotencyKey: key });
      expect(await refusals(doors, 'idempotency_in_flight', send, COMES_AGAIN)).toEqual([]);
    } finally {
      await other.end();
    }
  });

  const remember = async (door: Route, key: string, bodyHash: string) =>
    world.sql('insert into idempotency_keys (caller, route, key, body_hash) values ($1, $2, $3, $4)', [
      await callerOf(door),
      routeOf(door),
      key,
      bodyHash,
    ]);

  test('of another request', async () => {
    const doors = implying('idempotency_mismatch');
    const key = randomUUID();
    for (const door of doors) await remember(door, key, 'of another body');
    const send = (door: Route) => ask(door, { idempotencyKey: key });
    expect(await refusals(doors, 'idempotency_mismatch', send)).toEqual([]);
  });

  test('of a request whose answer held a secret', async () => {
    const doors = implying('already_done');
    const key = randomUUID();
    for (const door of doors) {
      const [body] = sampleOf(samples, door.operation).bodies ?? [];
      const text = body === undefined ? '' : JSON.stringify(body);
      const fingerprint = createHash('sha256').update(door.contract.secretBody === true ? key : text);
      const hash = door.contract.secretBody
        ? await hashWithSalt(text, fingerprint.digest())
        : fingerprint.digest('base64url');
      await remember(door, key, isOpen(door.contract) ? (await nameless(hash)).hash : hash);
    }
    const send = (door: Route) => ask(door, { idempotencyKey: key });
    expect(await refusals(doors, 'already_done', send)).toEqual([]);
  });
});

test('a version that somebody has changed since', async () => {
  const headers = { 'if-match': '"999999-AAAAAAAAAAAAAAAAAAAAAA"' };
  expect(await refusals(implying('stale'), 'stale', (door) => ask(door, { headers }))).toEqual([]);
});

describe('a key', () => {
  const keyFor = async (scopes: readonly string[]) => {
    const { key, prefix } = newApiKey();
    await world.sql(
      'insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes) values ($1, $2, $3, $4, $5, $6)',
      [seed.projectId, seed.owner.id, 'Walk', prefix, hashToken(key), scopes],
    );
    return key;
  };

  test('without the scope of the door', async () => {
    const token = await keyFor(['media:read']);
    const other = await keyFor(['posts:read']);
    const wrong = await refusals(implying('scope_missing'), 'scope_missing', (door) =>
      ask(door, { token: door.contract.scope === 'media:read' ? other : token }),
    );
    expect(wrong).toEqual([]);
  });

  test('where only persons may', async () => {
    const token = await keyFor(['media:read']);
    expect(await refusals(implying('session_needed'), 'session_needed', (door) => ask(door, { token }))).toEqual([]);
  });
});

test('a session that has not proven itself lately', async () => {
  await world.sql(`update user_sessions set elevated_until = app.now() - interval '1 second'`);
  // Doors that ask for it of some requests alone have tests of their own.
  const doors = implying('step_up_needed').filter(({ contract }) => contract.stepUp === true);
  expect(await refusals(doors, 'step_up_needed', (door) => ask(door))).toEqual([]);
});
