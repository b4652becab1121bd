/** What was made is found where Location says, by whoever made it; and no door that makes such a thing keeps silent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { createRouter } from '../../infra/local/routes.ts';
import { type Sample, type Seed, sampleOf, samplesOf, seedOwner, sendSample, takesToken } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const routes = endpointsOf(await listDoors());
const makers = routes.filter(({ contract }) => contract.status === 201);
const located = routes.filter(({ contract }) => contract.location !== undefined);
const reads = routes.filter(({ contract }) => contract.method === 'GET');
const routeOf = createRouter(
  reads.map(({ operation, contract }) => ({ functionName: operation, method: 'GET', path: contract.path })),
);

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  samples = samplesOf(seed);
}, 120_000);
afterAll(() => world.close());

test('a door that makes what a GET shows says where it is', () => {
  const shown = makers.filter(({ contract }) => {
    const template = new RegExp(`^${contract.path.replaceAll(/[{}]/g, '\\$&')}/\\{\\w+\\}$`);
    return reads.some((read) => template.test(read.contract.path));
  });
  expect(shown.filter(({ contract }) => contract.location === undefined).map(({ operation }) => operation)).toEqual([]);
  // Only success that made something has it.
  expect(located.filter(({ contract }) => ![201, 202].includes(contract.status))).toEqual([]);
});

test.each(located)('$operation names a path that a GET takes, from the same callers', ({ contract }) => {
  const sample = (contract.location ?? '').replaceAll(/\{[\w.]+\}/g, 'x');
  const read = reads.find(({ operation }) => operation === routeOf('GET', sample)?.functionName);
  // A session may where a key may.
  expect([contract.auth, 'user']).toContain(read?.contract.auth);
  if (contract.scope === undefined) return;
  // Whoever may write things of the kind may read them with the same key.
  expect(read?.contract.scope?.split(':')[0]).toBe(contract.scope?.split(':')[0]);
});

describe('the door', () => {
  const byOwner = [...makers, ...located.filter(({ contract }) => contract.status !== 201)];
  test.each(byOwner)('$operation', async ({ operation, contract }) => {
    const sample = sampleOf(samples, operation);
    const isAdmins = contract.path.startsWith('/v1/admin/');
    if (isAdmins) await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
    const token = takesToken(contract) ? { token: seed.owner.token } : {};
    const made = await sendSample(world, contract, sample, token);
    const location = made.headers.get('location');
    if (contract.location !== undefined) expect([operation, made.status]).toEqual([operation, contract.status]);
    if (contract.location === undefined) {
      expect([operation, location]).toEqual([operation, null]);
      return;
    }
    expect(location).toMatch(/^\/v1\/[\w/.-]+$/);
    const found = await world.call('GET', location ?? '', token);
    expect([operation, found.status]).toEqual([operation, 200]);
  });
});
