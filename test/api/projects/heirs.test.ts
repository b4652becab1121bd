/** People go one by one, and at once: no project is left to nobody, or to somebody who may do nothing with it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { addMember, createProject, login, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let owner: Person;
let second: Person;
let editor: Person;
let reviewer: Person;
let projectId: string;
beforeAll(async () => {
  world = await openWorld({ workers: true });
});
beforeEach(async () => {
  const names = ['Olivia Owner', 'Second Owner', 'Ed Itor', 'Rea Viewer'];
  const people = await Promise.all(names.map((name) => registerUser(world, name)));
  const [one, two, three, four] = people;
  if (one === undefined || two === undefined || three === undefined || four === undefined) throw new Error('too few');
  [owner, second, editor, reviewer] = [one, two, three, four];
  projectId = (await createProject(world, owner)).id;
});
afterAll(() => world.close());

const DAY_MS = 86_400_000;
const ask = ({ token }: Person, json: object = {}) => world.call('POST', '/v1/me/deletion', { token, json });
const set = (person: Person, state: string) => world.sql(`update users set ${state} where id = $1`, [person.id]);
async function rolesNow() {
  const text = 'select user_id, role from project_collaborators where project_id = $1 order by created_at';
  return (await world.sql(text, [projectId])).map(({ user_id, role }) => [user_id, role]);
}

/** What the schedules do when the grace time is over. */
async function runSchedules(): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await world.moveClock(15 * DAY_MS + round * 11 * 60_000);
    await world.tick('keepAccounts');
    await world.tick('sweep');
  }
  await world.moveClock(0);
}

test('an owner who is going is no other owner: whoever goes after them is asked what becomes of the project', async () => {
  await addMember(world, projectId, second, 'owner');
  await addMember(world, projectId, editor, 'editor');
  expect((await ask(second)).status).toBe(202);
  const blocked = await ask(owner);
  expect([blocked.status, blocked.code, blocked.pointers]).toEqual([
    409,
    'deletion_blocked',
    [`/projects/${projectId}`],
  ]);
  const json = { userId: editor.id };
  const handed = await world.call('POST', `/v1/projects/${projectId}/transfer`, { token: owner.token, json });
  expect(handed.status).toBe(200);
  expect((await ask(owner)).status).toBe(202);
  await runSchedules();
  expect(await rolesNow()).toEqual([[editor.id, 'owner']]);
});

test('of two owners who go at the same moment one is asked', async () => {
  await addMember(world, projectId, second, 'owner');
  const answers = await Promise.all([ask(owner), ask(second)]);
  expect(answers.map(({ status, code }) => code ?? status).toSorted()).toEqual([202, 'deletion_blocked']);
});

test.each([
  ['leaves', (person: Person) => world.call('POST', `/v1/projects/${projectId}/leave`, { token: person.token })],
  ['asks for the end of the account', (person: Person) => ask(person)],
])('of two owners one %s while the other asks for the end of theirs: one stays', async (_, go) => {
  await addMember(world, projectId, second, 'owner');
  // Without anybody else in it, it would be theirs alone, and end with them.
  await addMember(world, projectId, editor, 'editor');
  const answers = await Promise.all([ask(owner), go(second)]);
  const refused = answers.filter(({ status }) => status === 409);
  expect(refused).toHaveLength(1);
});

test.each(['deactivated', 'only reading'])('an owner who is %s is no other owner either', async (state) => {
  await addMember(world, projectId, second, 'owner');
  await set(second, state === 'deactivated' ? `status = 'deactivated'` : `role = 'viewer'`);
  expect((await ask(owner)).code).toBe('deletion_blocked');
});

test('whom an administrator deletes leaves the project to the first who can act, not to who is deactivated', async () => {
  await addMember(world, projectId, second, 'owner');
  await set(second, `status = 'deactivated'`);
  await addMember(world, projectId, editor, 'editor');
  await set(editor, `status = 'deactivated'`);
  await addMember(world, projectId, reviewer, 'reviewer');
  const admin = await registerUser(world, 'Ad Min');
  await set(admin, `role = 'admin'`);
  const gone = await world.call('DELETE', `/v1/admin/users/${owner.id}`, { token: admin.token });
  expect(gone.status).toBe(200);
  await runSchedules();
  expect(await rolesNow()).toEqual([
    [second.id, 'owner'],
    [editor.id, 'editor'],
    [reviewer.id, 'owner'],
  ]);
  const token = (await login(world, reviewer.email)).accessToken;
  const renamed = await world.call('PATCH', `/v1/projects/${projectId}`, { token, json: { name: 'Ours now' } });
  expect(renamed.json(z.looseObject({ name: z.string() })).name).toBe('Ours now');
});

test('where nobody can act it goes to somebody all the same, who may be let in again', async () => {
  await addMember(world, projectId, editor, 'editor');
  await addMember(world, projectId, reviewer, 'reviewer');
  for (const person of [editor, reviewer]) await set(person, `status = 'deactivated'`);
  await set(owner, 'deletion_requested_at = app.now()');
  await runSchedules();
  expect(await rolesNow()).toEqual([
    [editor.id, 'owner'],
    [reviewer.id, 'reviewer'],
  ]);
});
