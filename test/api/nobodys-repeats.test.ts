/**
 * Idempotency-Key where nobody is signed in: what a caller repeats is its own. A caller is an address and the program that asks
 * from it; whoever has the same key from elsewhere neither gets another's answer, nor is refused for it, nor learns of it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { type AnswerFrom, type Client, postFrom } from '../support/from-address.ts';
import { login, mailedToken, type Person, password, registerUser } from '../support/people.ts';
import { invitedToken } from '../support/samples/invitations.ts';
import { openWorld, type World } from '../support/world.ts';

const open = endpointsOf(await listDoors()).filter(
  ({ contract }) => contract.method === 'POST' && !['user', 'person'].includes(contract.auth),
);

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  await world.sql(
    `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed)
     values ('nowhere', 'Nowhere', 'https://id.example.com', 'x', 'y')`,
  );
});
beforeEach(async () => {
  await world.sql('delete from auth_attempts');
  ada = await registerUser(world);
});
afterAll(() => world.close());

type Body = Readonly<Record<string, unknown>>;
interface Door {
  readonly operation: string;
  /** A request that succeeds, made anew for each test. */
  body(): Promise<Body>;
  /** What the same request gets where it runs once more. */
  readonly again: string | null;
  /** Another request, and what it gets. */
  readonly other: { readonly body: () => Promise<Body>; readonly code: string | null };
}

const address = () => `${randomUUID()}@example.com`;
const unknown = async () => ({ token: 'x'.repeat(43) });
async function resetBody(): Promise<Body> {
  await world.sql('delete from auth_attempts');
  await world.call('POST', '/v1/auth/forgot-password', { json: { email: ada.email } });
  return { token: mailedToken(world, ada.email, 'reset-password'), newPassword: 'a password for later' };
}
async function registration(): Promise<Body> {
  return { email: address(), password, displayName: 'New Person' };
}
async function verification(): Promise<Body> {
  const json = await registration();
  await world.call('POST', '/v1/auth/register', { json });
  return { token: mailedToken(world, String(json.email)) };
}
async function invitation(): Promise<Body> {
  const project = await world.call('POST', '/v1/projects', { token: ada.token, json: { name: randomUUID() } });
  const { id } = JSON.parse(project.text);
  const json = { email: address(), role: 'editor' };
  await world.call('POST', `/v1/projects/${id}/invitations`, { token: ada.token, json });
  return { token: invitedToken(world, json.email) };
}
async function beginning(): Promise<Body> {
  return { returnTo: 'http://127.0.0.1:9999/', codeChallenge: randomUUID().replaceAll('-', '').padEnd(43, 'x') };
}

const doors: readonly Door[] = [
  { operation: 'register', body: registration, again: null, other: { body: registration, code: null } },
  {
    operation: 'login',
    body: async () => ({ email: ada.email, password }),
    again: null,
    other: { body: async () => ({ email: ada.email, password: 'not this one' }), code: 'invalid_credentials' },
  },
  {
    operation: 'refresh',
    body: async () => ({ refreshToken: (await login(world, ada.email)).refreshToken }),
    again: null, // within its 20 seconds
    other: {
      body: async () => ({ refreshToken: `phr_${randomUUID()}.${'x'.repeat(43)}` }),
      code: 'invalid_refresh_token',
    },
  },
  {
    operation: 'verifyEmail',
    body: verification,
    again: 'invalid_token',
    other: { body: unknown, code: 'invalid_token' },
  },
  {
    operation: 'resetPassword',
    body: resetBody,
    again: 'invalid_token',
    other: { body: async () => ({ ...(await unknown()), newPassword: password }), code: 'invalid_token' },
  },
  {
    operation: 'declineInvitation',
    body: invitation,
    again: null, // to say no twice is to say no
    other: { body: unknown, code: 'invalid_token' },
  },
  {
    operation: 'forgotPassword',
    body: async () => ({ email: address() }),
    again: null,
    other: { body: async () => ({ email: address() }), code: null },
  },
  {
    operation: 'resendVerification',
    body: async () => ({ email: address() }),
    again: null,
    other: { body: async () => ({ email: address() }), code: null },
  },
  { operation: 'beginProviderSignIn', body: beginning, again: null, other: { body: beginning, code: null } },
];
/** Their codes and tickets are good once: tests of their own, in test/api/auth. */
const elsewhere = ['finishProviderSignIn', 'loginSecondFactor'];

test('every open door is looked at', () => {
  const known = [...doors.map(({ operation }) => operation), ...elsewhere].toSorted();
  expect(open.map(({ operation }) => operation).toSorted()).toEqual(known);
});

function pathOf(operation: string): string {
  const path = open.find((door) => door.operation === operation)?.contract.path;
  if (path === undefined) throw new Error(`there is no ${operation}`);
  return path.replace('{provider}', 'nowhere');
}
const isSecret = (operation: string) =>
  open.find((door) => door.operation === operation)?.contract.secretAnswer === true;

const first = { address: '127.0.0.1', userAgent: 'posthaste-cli/1.0' };
const strangers: Readonly<Record<string, Client>> = {
  'from another address': { address: '127.7.7.7', userAgent: first.userAgent },
  'with another program': { address: first.address, userAgent: 'something-else/2.0' },
};

describe.each(doors)('$operation', ({ operation, body, again, other }) => {
  const send = (from: Client, idempotencyKey: string, json: Body): Promise<AnswerFrom> =>
    postFrom(world, { ...from, idempotencyKey }, pathOf(operation), json);

  test('of the same caller: the first answer again, or that it is done; another body is refused', async () => {
    const key = randomUUID();
    const json = await body();
    const answer = await send(first, key, json);
    expect(answer.code).toBeNull();
    const repeated = await send(first, key, json);
    if (isSecret(operation)) expect([repeated.status, repeated.code]).toEqual([409, 'already_done']);
    else expect(repeated).toEqual(answer);
    expect((await send(first, key, await other.body())).code).toBe('idempotency_mismatch');
  });

  test.each(Object.entries(strangers))('the same request %s runs by itself', async (_name, stranger) => {
    const key = randomUUID();
    const json = await body();
    expect((await send(first, key, json)).code).toBeNull();
    expect((await send(stranger, key, json)).code).toBe(again);
  });

  test.each(Object.entries(strangers))('another request with the key %s runs by itself', async (_name, stranger) => {
    const key = randomUUID();
    const json = await body();
    const answer = await send(first, key, json);
    expect(answer.code).toBeNull();
    expect((await send(stranger, key, await other.body())).code).toBe(other.code);
    const repeated = await send(first, key, json);
    expect(repeated.code).toBe(isSecret(operation) ? 'already_done' : null);
  });

  test('50 at once of one caller are one, while another caller’s runs beside them', { timeout: 60_000 }, async () => {
    const key = randomUUID();
    const json = await body();
    const theirs = await other.body();
    const [others, answers] = await Promise.all([
      send({ address: '127.8.8.8' }, key, theirs),
      Promise.all(Array.from({ length: 50 }, () => send(first, key, json))),
    ]);
    expect(others.code).toBe(other.code);
    const good = answers.filter(({ code }) => code === null);
    const refused = new Set(answers.map(({ code }) => code).filter((code) => code !== null));
    refused.delete('idempotency_in_flight');
    if (isSecret(operation)) {
      expect(good).toHaveLength(1);
      expect([...refused]).toEqual(['already_done']);
    } else {
      expect(good.length).toBeGreaterThan(0);
      expect(new Set(good.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
      expect([...refused]).toEqual([]);
    }
    const kept = await world.sql('select 1 from idempotency_keys where key = $1', [key]);
    expect(kept).toHaveLength(other.code === null ? 2 : 1);
  });
});

test('50 registrations at once are one person and one mail, 50 logins one session', { timeout: 60_000 }, async () => {
  const json = await registration();
  const key = randomUUID();
  await Promise.all(
    Array.from({ length: 50 }, () => postFrom(world, { ...first, idempotencyKey: key }, '/v1/auth/register', json)),
  );
  expect(world.mails(String(json.email))).toHaveLength(1);
  expect(await world.sql('select 1 from users where email = $1', [json.email])).toHaveLength(1);
  const sessions = async () => (await world.sql('select 1 from user_sessions where user_id = $1', [ada.id])).length;
  const before = await sessions();
  const credentials = { email: ada.email, password };
  await Promise.all(
    Array.from({ length: 50 }, () => postFrom(world, { ...first, idempotencyKey: key }, '/v1/auth/login', credentials)),
  );
  expect(await sessions()).toBe(before + 1);
});

test('nobody speaks for another address by saying so', async () => {
  const json = await verification();
  const idempotencyKey = randomUUID();
  await postFrom(world, { ...first, idempotencyKey }, '/v1/auth/verify-email', json);
  const forged = {
    'user-agent': first.userAgent,
    'x-forwarded-for': first.address,
    forwarded: `for=${first.address}`,
    'x-real-ip': first.address,
  };
  const claims = { address: '127.9.9.9', userAgent: first.userAgent, idempotencyKey, headers: forged };
  expect((await postFrom(world, claims, '/v1/auth/verify-email', json)).code).toBe('invalid_token');
  // And who is here cannot be taken for another by what it says.
  const claimed = { ...first, idempotencyKey, headers: { 'x-forwarded-for': '203.0.113.9' } };
  expect((await postFrom(world, claimed, '/v1/auth/verify-email', json)).code).toBeNull();
});

test('a client of IPv6 keeps its keys while its address changes within its own network', async () => {
  const callerOf = async (ip: string) => {
    const call = JSON.stringify({ ip, userAgent: 'x', repeat: {} });
    return (await world.sql('select caller from app.nameless($1)', [call]))[0]?.caller;
  };
  expect(await callerOf('2001:db8:1:2::1')).toBe(await callerOf('2001:db8:1:2:aaaa:bbbb:cccc:dddd'));
  expect(await callerOf('2001:db8:1:2::1')).not.toBe(await callerOf('2001:db8:1:3::1'));
  expect(await callerOf('192.0.2.1')).not.toBe(await callerOf('192.0.2.2'));
});

test('neither address nor program nor what was asked can be read from what is kept', async () => {
  const json = { email: address() };
  const key = randomUUID();
  await postFrom(world, { ...first, idempotencyKey: key }, '/v1/auth/forgot-password', json);
  const [row] = await world.sql('select * from idempotency_keys where key = $1', [key]);
  expect(String(row?.caller)).toMatch(/^nameless:[0-9a-f]{32}$/);
  const kept = JSON.stringify(row);
  for (const secret of [first.address, first.userAgent, json.email]) {
    expect(kept).not.toContain(secret);
    for (const coding of ['hex', 'base64', 'base64url'] as const)
      expect(kept).not.toContain(createHash('sha256').update(secret).digest(coding));
  }
  // Who knows the address still cannot try it: the key of the hash is the installation's.
  const plain = createHash('sha256').update(JSON.stringify(json)).digest('base64url');
  expect(kept).not.toContain(plain);
});
