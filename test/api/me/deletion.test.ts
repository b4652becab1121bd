/** Whoever wants to be forgotten is: after a grace time, wholly, and without taking along what is others'. */
import { readFile } from 'node:fs/promises';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { config } from '../../../shared/config/config.ts';
import { AccountExport } from '../../../shared/exports/shapes.ts';
import { Deletion, MyProfile } from '../../../shared/me/shapes.ts';
import { Upload } from '../../../shared/media/shapes.ts';
import { sendForm, upload } from '../../support/media.ts';
import { addMember, createProject, login, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost, eventually, getPublication } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let bob: Person;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  bob = await registerUser(world, 'Bob');
});
afterAll(() => world.close());

const DAY_MS = 86_400_000;
const ask = (who: Person, json: object = {}) => world.call('POST', '/v1/me/deletion', { token: who.token, json });
const keep = (who: Person) => world.call('DELETE', '/v1/me/deletion', { token: who.token });
const me = async (token: string) => (await world.call('GET', '/v1/me', { token })).json(MyProfile);
const subjects = (who: Person) => world.mails(who.email).map(({ subject }) => subject);

/** What the schedules do in an hour, at a time so many days from now. */
async function runSchedules(days: number): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await world.moveClock(days * DAY_MS + round * 11 * 60_000);
    await world.tick('keepAccounts');
    await world.tick('sweep');
  }
  await world.moveClock(0);
}

test('what stands in the way is named: projects without another owner, and posts that wait', async () => {
  const ada = await registerUser(world, 'Ada');
  const shared = await createProject(world, ada, 'Shared');
  await addMember(world, shared.id, bob, 'editor');
  const handed = await createProject(world, ada, 'With another owner');
  await addMember(world, handed.id, bob, 'owner');
  const blocked = await ask(ada);
  expect([blocked.status, blocked.code, blocked.pointers]).toEqual([
    409,
    'deletion_blocked',
    [`/projects/${shared.id}`],
  ]);

  const alone = await createProject(world, ada, 'Alone');
  const { id: accountId } = await connectCommunity(world, ada, alone.id);
  const schedule = { type: 'at', at: ahead(3600) };
  const post = await createPost(world, ada, {
    projectId: alone.id,
    text: 'Later',
    schedule,
    publications: [{ accountId }],
  });
  const both = await ask(ada);
  expect(both.pointers?.toSorted()).toEqual([`/posts/${post.id}`, `/projects/${shared.id}`]);
  expect((await me(ada.token)).deletion).toBeNull();

  const publicationId = post.publications[0]?.id ?? '';
  const done = await ask(ada, { deleteProjects: [shared.id], cancelPending: false });
  expect(done.status).toBe(202);
  expect((await getPublication(world, ada, publicationId)).state).toBe('scheduled');
  expect((await keep(ada)).status).toBe(204);
  expect((await ask(ada, { deleteProjects: [shared.id], cancelPending: true })).status).toBe(202);
  expect((await getPublication(world, ada, publicationId)).state).toBe('cancelled');
});

test('the last administrator stays until there is another', async () => {
  const [carl, dora] = [await registerUser(world, 'Carl'), await registerUser(world, 'Dora')];
  const raise = (who: Person) => world.sql(`update users set role = 'admin' where id = $1`, [who.id]);
  await raise(carl);
  const refused = await ask(carl);
  expect([refused.status, refused.code]).toEqual([409, 'last_admin']);
  expect((await me(carl.token)).deletion).toBeNull();
  await raise(dora);
  expect((await ask(carl)).status).toBe(202);
  await keep(carl);
  await world.sql(`update users set role = 'user' where id = $1`, [dora.id]);
});

test('for fourteen days one signs in, sees it, and may take it back; asking twice changes nothing', async () => {
  const ada = await registerUser(world, 'Ada');
  const asked = (await ask(ada)).json(Deletion);
  expect(Date.parse(asked.dueAt) - Date.parse(asked.requestedAt)).toBe(14 * DAY_MS);
  expect((await ask(ada)).json(Deletion)).toEqual(asked);
  expect(subjects(ada).filter((subject) => subject === 'Your account will be deleted')).toHaveLength(1);
  await runSchedules(13);
  const { accessToken } = await login(world, ada.email);
  expect((await me(accessToken)).deletion).toEqual(asked);
  expect((await keep(ada)).status).toBe(204);
  expect((await keep(ada)).status).toBe(204);
  await runSchedules(20);
  expect((await me(accessToken)).deletion).toBeNull();
});

test('it is asked for by who has proven to be the person a moment ago', async () => {
  const ada = await registerUser(world, 'Ada');
  await world.sql("update user_sessions set elevated_until = app.now() - interval '1 second' where user_id = $1", [
    ada.id,
  ]);
  expect((await ask(ada)).code).toBe('step_up_needed');
});

test('a project that was handed over in the grace time stays with its new owner', async () => {
  const ada = await registerUser(world, 'Ada');
  const chosen = await createProject(world, ada, 'Chosen to go');
  await addMember(world, chosen.id, bob, 'editor');
  const saved = await createProject(world, ada, 'Chosen, then saved');
  await addMember(world, saved.id, bob, 'editor');
  await ask(ada, { deleteProjects: [chosen.id, saved.id] });
  await world.sql("update project_collaborators set role = 'owner' where project_id = $1 and user_id = $2", [
    saved.id,
    bob.id,
  ]);
  await runSchedules(15);
  const left = await world.sql('select id from projects where id = any ($1)', [[chosen.id, saved.id]]);
  expect(left.map(({ id }) => id)).toEqual([saved.id]);
});

/** All rows of all tables of every schema of ours, as text; bytea is written in hex. */
async function dump(): Promise<string> {
  const tables =
    await world.sql(`select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not like 'pg_%' and n.nspname <> 'information_schema'`);
  const parts: string[] = [];
  for (const { name } of tables) {
    const [row] = await world.sql(
      `select coalesce(string_agg(t::text, E'\\n'), '') as text from only ${String(name)} t`,
    );
    parts.push(`${String(name)}\n${String(row?.text)}`);
  }
  return parts.join('\n');
}

async function objects(): Promise<string[]> {
  const s3 = new S3Client({});
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: config('media').MEDIA_BUCKET }));
  s3.destroy();
  return Contents.map(({ Key }) => Key ?? '');
}

test('afterwards no table and no object holds address, name or ip; what others have of it stays without the name', {
  timeout: 120_000,
}, async () => {
  const ada = await registerUser(world, 'Augusta Byron-Noel');
  const marks = [
    ada.email,
    'Augusta Byron-Noel',
    'countess-of-l',
    'Enchantress of Number',
    '203.0.113.77',
    'Gentle Agent/1.0',
  ];
  const token = ada.token;
  await world.call('PATCH', '/v1/me', {
    token,
    json: { username: 'countess-of-l', givenName: 'Augusta Byron-Noel', bio: 'Enchantress of Number' },
  });
  await world.call('PATCH', '/v1/me/preferences', { token, json: { extra: { sign: 'Augusta Byron-Noel' } } });
  await world.sql("update user_sessions set ip = '203.0.113.77', user_agent = 'Gentle Agent/1.0' where user_id = $1", [
    ada.id,
  ]);
  const { id: projectId } = await createProject(world, ada, 'Works of Augusta Byron-Noel');
  const { id: accountId } = await connectCommunity(world, ada, projectId);
  await upload(world, ada, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
  const post = await createPost(world, ada, {
    projectId,
    text: 'Enchantress of Number',
    schedule: { type: 'now' },
    publications: [{ accountId }],
  });
  await eventually(
    () => getPublication(world, ada, post.publications[0]?.id ?? ''),
    ({ state }) => state === 'published',
  );
  const { id: foreign } = await createProject(world, bob, 'Bobs');
  await addMember(world, foreign, ada, 'editor');
  const { id: bobs } = await connectCommunity(world, bob, foreign);
  const guest = await createPost(world, ada, {
    projectId: foreign,
    text: 'A guest’s words',
    schedule: { type: 'draft' },
    publications: [{ accountId: bobs }],
  });
  const picture = await readFile(new URL('../../media/photo.png', import.meta.url));
  const granted = await world.call('POST', '/v1/me/avatar', {
    token,
    json: { mimeType: 'image/png', bytes: picture.length },
  });
  const { upload: form } = granted.json(z.object({ upload: Upload }).loose());
  await sendForm(form, picture, 'image/png');
  await eventually(
    () => me(token),
    ({ avatar }) => avatar !== null,
  );
  const exported = (await world.call('POST', '/v1/me/exports', { token })).json(AccountExport);
  await eventually(
    async () => (await world.call('GET', `/v1/me/exports/${exported.id}`, { token })).json(AccountExport),
    ({ state }) => state === 'ready',
    60_000,
  );
  await world.call('POST', '/v1/auth/login', { json: { email: ada.email, password: 'wrong password' } });

  const before = await dump();
  expect(marks.filter((mark) => !before.includes(mark))).toEqual([]);
  expect((await objects()).length).toBeGreaterThan(6);
  expect((await ask(ada)).status).toBe(202);
  await runSchedules(15);

  const after = await dump();
  const holding = (text: string, mark: string) =>
    text.split('\n').filter((line) => line.includes(mark) || line.includes(Buffer.from(mark).toString('hex')));
  expect(marks.flatMap((mark) => holding(after, mark))).toEqual([]);
  const mine = (await objects()).filter(
    (key) => key.includes(projectId) || key.includes(exported.id) || key.includes('avatars/'),
  );
  expect(mine).toEqual([]);
  expect(await world.sql('select created_by, text from posts where id = $1', [guest.id])).toEqual([
    { created_by: null, text: 'A guest’s words' },
  ]);
  expect(subjects(ada)[0]).toBe('Your account was deleted');
  expect(
    (await world.call('POST', '/v1/auth/login', { json: { email: ada.email, password: ada.password } })).code,
  ).toBe('invalid_credentials');
  expect((await world.call('GET', '/v1/me', { token })).code).toBe('unauthenticated');
});
