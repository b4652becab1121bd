/** How many Data API calls a request makes: authentication, limits and repeats ride along and add none. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { login } from '../support/people.ts';
import { type Sample, type Seed, samplesOf, seedOwner, sendSample, takesToken } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const doors = await listDoors();
const endpoints = endpointsOf(doors);
const most = { reads: 1, writes: 2 };
const more: Readonly<Record<string, number>> = {
  // That somebody took the log away is noted before they have it.
  exportAuditCsv: 2,
  exportAuditNdjson: 2,
  // Whether the caller may ask, before the password is hashed; the person with the mail; the mail that left.
  register: 3,
};
const line = z.looseObject({ requestId: z.string(), dataApiCalls: z.int() });

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  await world.stopWorkers();
  samples = samplesOf(seed);
});
afterAll(() => world.close());

function callsOf(requestId: string | null): number {
  const found = world.logs
    .filter((text) => text.includes(String(requestId)))
    .map((text) => line.safeParse(JSON.parse(text)));
  return found.find(({ success }) => success)?.data?.dataApiCalls ?? Number.NaN;
}

/** Operation → calls, of those that succeeded. */
async function callEach(operations: readonly string[], bearer: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const operation of operations) {
    const contract = contractOf(operation);
    const sample = samples[operation];
    if (sample === undefined) throw new Error(`${operation} has no sample`);
    const token = takesToken(contract) ? { token: bearer } : {};
    const key = contract.method === 'POST' ? { idempotencyKey: randomUUID() } : {};
    const answer = await sendSample(world, contract, sample, { ...token, ...key });
    if (answer.status === contract.status) counts.set(operation, callsOf(answer.headers.get('x-request-id')));
  }
  return counts;
}

function contractOf(operation: string): EndpointContract {
  const found = endpoints.find((endpoint) => endpoint.operation === operation);
  if (found === undefined) throw new Error(`${operation} is no door`);
  return found.contract;
}

const areaOf = (operation: string) => doors.find((door) => door.operation === operation)?.area;

test('a read asks once; a write rarely more than twice, with an Idempotency-Key too', async () => {
  const operations = Object.keys(samples);
  const ofStaff = operations.filter((operation) => areaOf(operation) === 'admin');
  const counts = await callEach(
    operations.filter((operation) => !ofStaff.includes(operation)),
    seed.owner.token,
  );
  // A look at somebody by staff is written down, so it is a write.
  await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
  const { accessToken } = await login(world, seed.owner.email);
  for (const [operation, calls] of await callEach(ofStaff, accessToken)) counts.set(operation, calls);
  const allowed = (operation: string) =>
    more[operation] ?? (contractOf(operation).method === 'GET' ? most.reads : most.writes);
  expect([...counts].filter(([operation, calls]) => !(calls <= allowed(operation)))).toEqual([]);
  expect(counts.size).toBeGreaterThan(endpoints.length * 0.6);
});
