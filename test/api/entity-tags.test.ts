/** Entity tags: what one has already is not sent again, and what was changed meanwhile is not overwritten. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { Project } from '../../shared/projects/shapes.ts';
import { createProject } from '../support/people.ts';
import { type Sample, type Seed, samplesOf, seedOwner, sendSample, takesToken } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const endpoints = endpointsOf(await listDoors());
const reads = endpoints.filter(({ contract }) => contract.method === 'GET' && contract.response !== undefined);
/** Health looks at the clock, links into the bucket are signed for the moment. */
const changing = ['getHealth', 'getMedia', 'listMedia'];

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

test.each(reads.filter(({ operation }) => !changing.includes(operation)))(
  'what the caller has is not sent again: $operation',
  async ({ operation, contract }) => {
    const sample = samples[operation];
    if (sample === undefined) throw new Error(`${operation} has no sample`);
    if (sample.owner !== undefined) return; // its answer is a problem, which has no tag
    const token = takesToken(contract) ? { token: seed.owner.token } : {};
    const first = await sendSample(world, contract, sample, token);
    const etag = first.headers.get('etag') ?? '';
    expect([operation, first.status, etag]).toEqual([operation, 200, expect.stringMatching(/^"(\d+-)?[\w-]{22}"$/)]);
    for (const known of [etag, `"x", W/${etag}`, '*']) {
      const again = await sendSample(world, contract, sample, { ...token, headers: { 'if-none-match': known } });
      expect([operation, again.status, again.text, again.headers.get('etag')]).toEqual([operation, 304, '', etag]);
    }
    const other = await sendSample(world, contract, sample, { ...token, headers: { 'if-none-match': '"x"' } });
    expect([operation, other.status, other.text]).toEqual([operation, 200, first.text]);
  },
);

const get = (id: string) => world.call('GET', `/v1/projects/${id}`, { token: seed.owner.token });
const patch = (id: string, name: string, tag?: string) =>
  world.call('PATCH', `/v1/projects/${id}`, {
    token: seed.owner.token,
    json: { name },
    headers: tag === undefined ? {} : { 'if-match': tag },
  });

test('who edits what was changed meanwhile is told, and changes nothing', async () => {
  const { id } = await createProject(world, seed.owner);
  const seen = (await get(id)).headers.get('etag') ?? '';
  const changed = await patch(id, 'By the first', seen);
  expect(changed.status).toBe(200);
  const late = await patch(id, 'By the second', seen);
  expect([late.status, late.code]).toEqual([412, 'stale']);
  expect((await get(id)).json(Project).name).toBe('By the first');
  expect((await patch(id, 'By the third', changed.headers.get('etag') ?? '')).status).toBe(200);
  expect((await patch(id, 'By whoever', '*')).status).toBe(200);
});

test('of two who edit the same version at once one is told', async () => {
  const { id } = await createProject(world, seed.owner);
  const seen = (await get(id)).headers.get('etag') ?? '';
  const answers = await Promise.all(Array.from({ length: 10 }, (_, turn) => patch(id, `Editor ${turn}`, seen)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
});

test.each(['W/"1-AAAAAAAAAAAAAAAAAAAAAA"', '"AAAAAAAAAAAAAAAAAAAAAA"', '"99-x"'])(
  'a tag that was never this thing’s matches nothing: %s',
  async (tag) => {
    const { id, name } = await createProject(world, seed.owner);
    expect((await patch(id, 'New', tag)).code).toBe('stale');
    expect((await get(id)).json(Project).name).toBe(name);
  },
);

test.each(['7', 'x', '"a" "b"', '*, "1-a"'])('an If-Match that is none is named: %s', async (tag) => {
  const { id } = await createProject(world, seed.owner);
  const answer = await patch(id, 'New', tag);
  expect([answer.status, answer.pointers]).toEqual([422, ['/headers/if-match']]);
});
