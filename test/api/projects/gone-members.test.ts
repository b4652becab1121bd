/** A member who is being erased, and one who is: the others go on working with what they left, and no door falls over. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listDoors } from '../../../infra/doors.ts';
import { endpointsOf } from '../../../infra/local/functions.ts';
import { Invitation } from '../../../shared/invitations/shapes.ts';
import { Member } from '../../../shared/members/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { addMember, type Person, registerUser } from '../../support/people.ts';
import { type Sample, type Seed, samplesOf, seedOwner, sendSample } from '../../support/samples.ts';
import { openWorld, type World } from '../../support/world.ts';

const doors = endpointsOf(await listDoors()).filter(
  ({ contract }) =>
    contract.method === 'GET' &&
    (contract.auth === 'user' || contract.auth === 'person' || contract.auth === 'optional'),
);

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
/** An owner beside the one who goes; an administrator too, who sees everything. */
let heir: Person;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  samples = samplesOf(seed);
  heir = await registerUser(world, 'Hera Heir');
  for (const id of [seed.projectId, seed.spareProjectId]) await addMember(world, id, heir, 'owner');
  await world.sql(`update users set role = 'admin' where id = $1`, [heir.id]);
}, 120_000);
afterAll(() => world.close());

const member = () => `/v1/projects/${seed.projectId}/members/${seed.owner.id}`;
const call = (method: string, path: string, json?: object) =>
  world.call(method, path, { token: heir.token, ...(json !== undefined && { json }) });

/** Every reading door, asked by the heir for what the owner made; which of them did not succeed. */
async function refused(): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  for (const { operation, contract } of doors) {
    const answer = await sendSample(world, contract, samples[operation] ?? { stranger: 'own' }, { token: heir.token });
    if (answer.status !== contract.status) answers[operation] = answer.status;
  }
  return answers;
}
let atFirst: Record<string, number>;

const errors = () => world.logs.filter((line) => line.includes('"level":"error"'));

describe.each([
  [
    'while the erasure waits',
    () =>
      world.sql(
        `update users set status = 'deactivated', deletion_requested_at = app.now(), deleted_at = app.now() where id = $1`,
        [seed.owner.id],
      ),
  ],
  ['after the erasure', erase],
])('%s', (when, begin) => {
  beforeAll(async () => {
    atFirst ??= await refused();
    await begin();
  }, 60_000);

  test('every reading door answers the others as before', { timeout: 60_000 }, async () => {
    const now = await refused();
    // Who is gone is no member and no person any more, and what was theirs alone went along.
    const theirs = when.startsWith('while')
      ? ['getUser', 'getUserQuotas', 'getMember']
      : ['getUser', 'getUserQuotas', 'getMember', 'listComments'];
    for (const operation of theirs) delete now[operation];
    expect(now).toEqual(atFirst);
    expect(errors()).toEqual([]);
  });

  test('they are shown as no member, and are none to change, to send away or to hand the project to', async () => {
    const { data } = (await call('GET', `/v1/projects/${seed.projectId}/members`)).json(pageOf(Member));
    expect(data.map(({ userId }) => userId).toSorted()).toEqual([seed.memberId, heir.id].toSorted());
    const answers = [
      await call('GET', member()),
      await call('PATCH', member(), { role: 'viewer' }),
      await call('PATCH', member(), { permissions: ['approve'] }),
      await call('DELETE', member()),
      await call('POST', `/v1/projects/${seed.projectId}/transfer`, { userId: seed.owner.id }),
    ];
    expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [404, 'not_found']));
    expect(errors()).toEqual([]);
  });

  test('their posts stay, their invitations and keys have ended', async () => {
    const post = (await call('GET', `/v1/posts/${seed.postId}`)).json(z.looseObject({ id: z.string() }));
    expect(post.id).toBe(seed.postId);
    const path = `/v1/projects/${seed.projectId}/invitations/${seed.invitationId}`;
    expect((await call('GET', path)).json(Invitation).state).toBe('revoked');
    const key = await call('GET', `/v1/projects/${seed.projectId}/api-keys/${seed.apiKeyId}`);
    expect(['revoked', 'suspended']).toContain(key.json(z.looseObject({ state: z.string() })).state);
  });
});

async function erase() {
  for (let round = 0; round < 6; round += 1) {
    const [row] = await world.sql('select outcome from app.erase_user($1)', [seed.owner.id]);
    if (row?.outcome === 'ok') return;
    await world.moveClock((round + 1) * 86_400_000);
    await world.tick('sweep');
  }
  throw new Error('the owner is not erased');
}
