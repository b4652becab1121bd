/** A screen that was left unlocked: whoever sits down there reads and writes, and does nothing dangerous. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { addMember, login, type Person, registerUser } from '../support/people.ts';
import { type Fields, type Sample, type Seed, samplesOf, seedOwner, sendSample, tablesOf } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const doors = endpointsOf(await listDoors()).filter(({ contract }) => contract.auth === 'person');
const dangerous = doors.filter(({ contract }) => contract.stepUp !== undefined);

/** Operations in the first column of the README's table that begins like this. */
async function listed(heading: string): Promise<string[]> {
  const readme = await readFile(new URL('../../functions/README.md', import.meta.url), 'utf8');
  const [, , ...rows] =
    readme
      .slice(readme.indexOf(`| ${heading} |`))
      .split('\n\n', 1)[0]
      ?.split('\n') ?? [];
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
}

describe('the list in functions/README.md', () => {
  test('names every door that asks for a proof, and no other', async () => {
    expect((await listed('asks')).toSorted()).toEqual(dangerous.map(({ operation }) => operation).toSorted());
  });

  test('says of every other door that changes something for persons alone why it asks for none', async () => {
    const others = doors.filter(({ contract }) => contract.stepUp === undefined && contract.method !== 'GET');
    expect((await listed('does not')).toSorted()).toEqual(others.map(({ operation }) => operation).toSorted());
  });
});

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
/** An owner beside the one whose session it is. */
let second: Person;
/** Of the owner, who is an administrator too: once left alone, once fresh. */
let left: string;
let fresh: string;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  second = await registerUser(world, 'Second Owner');
  await addMember(world, seed.projectId, second, 'owner');
  samples = samplesOf(seed);
  await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
  left = (await login(world, seed.owner.email)).accessToken;
  await world.sql(`update user_sessions set elevated_until = now() - interval '1 second' where user_id = $1`, [
    seed.owner.id,
  ]);
  fresh = (await login(world, seed.owner.email)).accessToken;
  await world.stopWorkers();
}, 120_000);
afterAll(() => world.close());

const { owners, always } = Object.groupBy(dangerous, ({ contract }) =>
  contract.stepUp === true ? 'always' : 'owners',
);

describe('a session that was left alone', () => {
  test.each(always ?? [])('is asked who it is by $operation', async ({ operation, contract }) => {
    const before = await tablesOf(world);
    const answer = await sendSample(world, contract, samples[operation] ?? { stranger: 'own' }, { token: left });
    expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
    expect(await tablesOf(world)).toEqual(before);
  });
});

/** What is asked for a proof, and the nearest thing that is not. */
const forms: Readonly<Record<string, () => { dangerous: readonly Sample[]; harmless: Sample }>> = {
  changeMember: () => {
    const form = (userId: string, json: Fields) => ({
      stranger: 'missing' as const,
      params: { ...project(), userId },
      bodies: [json],
    });
    return {
      dangerous: [form(seed.memberId, { role: 'owner' }), form(second.id, { role: 'viewer' })],
      harmless: form(second.id, { role: 'owner', permissions: ['approve'] }),
    };
  },
  createInvitation: () => {
    const form = (role: string) => ({
      stranger: 'missing' as const,
      params: project(),
      bodies: [{ email: `${role}@example.com`, role }],
    });
    return { dangerous: [form('owner')], harmless: form('editor') };
  },
  removeMember: () => {
    const form = (userId: string) => ({ stranger: 'missing' as const, params: { ...project(), userId } });
    return { dangerous: [form(second.id)], harmless: form(seed.memberId) };
  },
};
const project = () => ({ projectId: seed.projectId });

describe('where it is about owners', () => {
  test('every door that says so is tried here', () => {
    expect(Object.keys(forms)).toEqual((owners ?? []).map(({ operation }) => operation).toSorted());
  });

  test.each((owners ?? []).toSorted((a, b) => a.operation.localeCompare(b.operation)))(
    '$operation asks, and only then',
    async ({ operation, contract }) => {
      const asked = forms[operation]?.();
      if (asked === undefined) throw new Error(`${operation} is not tried`);
      const before = await tablesOf(world);
      for (const sample of asked.dangerous) {
        const answer = await sendSample(world, contract, sample, { token: left });
        expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
      }
      expect(await tablesOf(world)).toEqual(before);
      expect((await sendSample(world, contract, asked.harmless, { token: left })).status).toBe(contract.status);
    },
  );

  test('a session that has just proven itself is let through', async () => {
    const late = await registerUser(world, 'Third Owner');
    await addMember(world, seed.projectId, late, 'editor');
    const path = `/v1/projects/${seed.projectId}/members/${late.id}`;
    expect((await world.call('PATCH', path, { token: fresh, json: { role: 'owner' } })).status).toBe(200);
    expect((await world.call('DELETE', path, { token: left })).code).toBe('step_up_needed');
    // Of oneself there is nothing to prove: whoever goes takes nothing from others.
    const leaving = { token: (await login(world, late.email)).accessToken };
    await world.sql('update user_sessions set elevated_until = null where user_id = $1', [late.id]);
    expect((await world.call('DELETE', path, leaving)).status).toBe(204);
    const json = { email: 'fourth@example.com', role: 'owner' };
    const invited = await world.call('POST', `/v1/projects/${seed.projectId}/invitations`, { token: fresh, json });
    expect(invited.status).toBe(201);
  });
});

test('no guesser gives themselves new guesses: unlocking asks for the proof that is guessed', async () => {
  const path = `/v1/admin/users/${seed.owner.id}/unlock`;
  for (let guess = 0; guess < 5; guess += 1) {
    await world.call('POST', '/v1/auth/step-up', { token: left, json: { password: `guess ${guess}` } });
  }
  const guesses = 'select count(*)::int as n from auth_attempts where blocked_until > app.now()';
  const [before] = await world.sql(guesses);
  expect(before?.n).toBeGreaterThan(0);
  expect((await world.call('POST', path, { token: left })).code).toBe('step_up_needed');
  expect(await world.sql(guesses)).toEqual([before]);
});
