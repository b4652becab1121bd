/**
 * A password's hash costs 19 MiB and some hundredths of a second on purpose. Whoever asks too often, or is not alive, costs none,
 * with an Idempotency-Key or without: counted by Node's own work, not by time.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import type { CallOptions } from '../support/call.ts';
import { countHashes, type HashCount } from '../support/hashes.ts';
import { mailedToken, password } from '../support/people.ts';
import { needsToken, type Sample, type Seed, samplesOf, seedOwner, sendSample } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const posts = endpointsOf(await listDoors()).filter(({ contract }) => contract.method === 'POST');
const hashing = posts.filter(({ contract }) => contract.secretBody === true);

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
let counted: HashCount;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
  counted = countHashes();
});
beforeEach(async () => {
  await world.sql('delete from rate_counters');
  const { email } = seed.stranger;
  await world.sql(`delete from auth_attempts`);
  await world.call('POST', '/v1/auth/forgot-password', { json: { email } });
  const resetPassword: Sample = {
    stranger: 'own',
    bodies: [{ token: mailedToken(world, email, 'reset-password'), newPassword: `${password} ${randomUUID()}` }],
  };
  samples = { ...samplesOf(seed), resetPassword };
});
afterAll(async () => {
  counted.close();
  await world.close();
});

function send(operation: string, contract: EndpointContract, options: CallOptions = {}) {
  const sample = samples[operation];
  if (sample === undefined) throw new Error(`${operation} has no sample`);
  const token = needsToken(contract) ? { token: seed.owner.token } : {};
  return counted.during(() => sendSample(world, contract, sample, { ...token, ...options }));
}

async function fillWindows(): Promise<void> {
  await world.sql(
    `insert into rate_counters (caller, class, window_start, count, expires_at)
     select c.caller, l.class, to_timestamp((floor(extract(epoch from app.now()) / l.window_s) + w) * l.window_s), l.max_requests,
       app.now() + interval '1 day'
     from rate_limits l, generate_series(0, 1) w, (values ('user:' || $1), (app.address_caller('127.0.0.1'))) as c (caller)
     on conflict on constraint rate_counters_pkey do update set count = excluded.count`,
    [seed.owner.id],
  );
}

const keys = { 'with a key': () => ({ idempotencyKey: randomUUID() }), 'without a key': () => ({}) };
describe.each(Object.entries(keys))('%s', (_name, keyed) => {
  test.each(hashing)('who is over the limit costs no hash: $operation', async ({ operation, contract }) => {
    await fillWindows();
    for (let turn = 0; turn < 3; turn++) {
      const { hashes, result } = await send(operation, contract, keyed());
      expect([result.code, hashes]).toEqual(['too_many_requests', 0]);
    }
  });

  test.each(hashing.filter(({ contract }) => needsToken(contract)))(
    'who was deactivated costs no hash: $operation',
    async ({ operation, contract }) => {
      await world.sql(`update users set status = 'deactivated' where id = $1`, [seed.owner.id]);
      const { hashes, result } = await send(operation, contract, keyed());
      await world.sql(`update users set status = 'active' where id = $1`, [seed.owner.id]);
      expect([result.code, hashes]).toEqual(['unauthenticated', 0]);
    },
  );
});

test.each([
  ['register', { without: 1, with: 2 }],
  ['login', { without: 1, with: 2 }],
  ['resetPassword', { without: 1, with: 2 }],
])('who may ask costs the hash of the password, and with a key one of the body: %s', async (operation, expected) => {
  const contract = posts.find((door) => door.operation === operation)?.contract;
  if (contract === undefined) throw new Error(`there is no ${operation}`);
  const plain = await send(operation, contract);
  expect([plain.result.status, plain.hashes]).toEqual([contract.status, expected.without]);
  const { email } = seed.stranger;
  await world.sql('delete from auth_attempts');
  await world.call('POST', '/v1/auth/forgot-password', { json: { email } });
  samples = {
    ...samples,
    resetPassword: {
      stranger: 'own',
      bodies: [{ token: mailedToken(world, email, 'reset-password'), newPassword: password }],
    },
  };
  const keyed = await send(operation, contract, { idempotencyKey: randomUUID() });
  expect([keyed.result.status, keyed.hashes]).toEqual([contract.status, expected.with]);
});

test('a link of a mail that is no good costs no hash', async () => {
  const json = { token: 'x'.repeat(43), newPassword: password };
  for (const key of [{}, { idempotencyKey: randomUUID() }]) {
    const { hashes, result } = await counted.during(() =>
      world.call('POST', '/v1/auth/reset-password', { json, ...key }),
    );
    expect([result.code, hashes]).toEqual(['invalid_token', 0]);
  }
});

test('doors whose body holds no password never hash', async () => {
  const others = posts.filter(({ contract }) => contract.secretBody !== true && !needsToken(contract));
  expect(others.length).toBeGreaterThan(5);
  for (const { operation, contract } of others) {
    const { hashes } = await send(operation, contract, { idempotencyKey: randomUUID() });
    expect([operation, hashes]).toEqual([operation, 0]);
  }
});

const fields = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() });
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = Object.keys(fields.safeParse(schema).data?.properties ?? {});
  return [...own, ...Object.values(schema).flatMap(namesIn)];
}

test('every POST whose body has a field for a password or a secret says so', () => {
  const declared = posts.map(({ operation, contract }) => {
    const names =
      contract.body === undefined
        ? []
        : namesIn(z.toJSONSchema(contract.body, { io: 'input', unrepresentable: 'any' }));
    return [operation, names.some((name) => /password|secret/i.test(name)), contract.secretBody === true] as const;
  });
  expect(declared.filter(([, holds, says]) => holds !== says)).toEqual([]);
  expect(declared.filter(([, , says]) => says).length).toBe(hashing.length);
});
