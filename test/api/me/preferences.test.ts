/** How people want it: kept, and heard. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Post, Validation } from '../../../shared/posts/shapes.ts';
import { Preferences } from '../../../shared/preferences/shapes.ts';
import { Project } from '../../../shared/projects/shapes.ts';
import type { CallOptions } from '../../support/call.ts';
import { createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

const path = '/v1/me/preferences';
const read = async (who = ada) => (await world.call('GET', path, { token: who.token })).json(Preferences);
const change = (json: unknown, options: CallOptions = {}, who = ada) =>
  world.call('PATCH', path, { token: who.token, json, ...options });
const defaults = {
  timeZone: null,
  defaultPostingTime: null,
  emailNotifications: true,
  postFailureAlerts: true,
  aiOptimization: true,
  contentTone: null,
  extra: {},
  version: 0,
};

test('until something is chosen all defaults hold; then what was given changes, and nothing else', async () => {
  const eve = await registerUser(world, 'Eve');
  expect(await read(eve)).toEqual(defaults);
  const first = await change({ contentTone: 'dry', extra: { theme: { dark: true } } }, {}, eve);
  expect(first.json(Preferences)).toEqual({
    ...defaults,
    contentTone: 'dry',
    extra: { theme: { dark: true } },
    version: 1,
  });
  const second = {
    timeZone: 'Asia/Tokyo',
    defaultPostingTime: '18:05',
    postFailureAlerts: false,
    aiOptimization: false,
  };
  await change({ ...second, emailNotifications: false }, {}, eve);
  expect(await read(eve)).toEqual({
    ...{ ...defaults, ...second, emailNotifications: false },
    ...{ contentTone: 'dry', extra: { theme: { dark: true } }, version: 2 },
  });
  await change({ timeZone: null, defaultPostingTime: null, contentTone: null, extra: {} }, {}, eve);
  expect(await read(eve)).toMatchObject({ timeZone: null, defaultPostingTime: null, contentTone: null, extra: {} });
  expect(await read()).toEqual(defaults);
});

test.each([
  [{ timeZone: '+02:00' }, '/body/timeZone'],
  [{ defaultPostingTime: '24:00' }, '/body/defaultPostingTime'],
  [{ contentTone: 'x'.repeat(51) }, '/body/contentTone'],
  [{ emailNotifications: 'yes' }, '/body/emailNotifications'],
  [{ extra: { much: 'x'.repeat(16 * 1024) } }, '/body/extra'],
  [{ extra: [] }, '/body/extra'],
  [{ userId: 'x' }, '/body/userId'],
])('%j is refused at its place', async (json, pointer) => {
  const answer = await change(json);
  expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'invalid_request', [pointer]]);
});

test('who changes what somebody changed meanwhile is told, from the very first change on', async () => {
  const eve = await registerUser(world, 'Eve');
  const etag = async () => (await world.call('GET', path, { token: eve.token })).headers.get('etag') ?? '';
  const before = { headers: { 'if-match': await etag() } };
  expect((await change({ contentTone: 'dry' }, before, eve)).status).toBe(200);
  const late = await change({ contentTone: 'wet' }, before, eve);
  expect([late.status, late.code]).toEqual([412, 'stale']);
  expect((await change({ contentTone: 'wet' }, { headers: { 'if-match': await etag() } }, eve)).status).toBe(200);
});

test('the time zone is that of new projects, unless they bring one', async () => {
  const create = async (json: object) =>
    (await world.call('POST', '/v1/projects', { token: ada.token, json })).json(Project).timeZone;
  await change({ timeZone: null });
  expect(await create({ name: 'Before' })).toBe('UTC');
  await change({ timeZone: 'Asia/Tokyo' });
  expect(await create({ name: 'After' })).toBe('Asia/Tokyo');
  expect(await create({ name: 'Own', timeZone: 'Europe/Berlin' })).toBe('Europe/Berlin');
});

test('a wall time without a zone is the person’s, else the project’s, and a date is at their posting time', async () => {
  const project = await createProject(world, ada, 'Clocks');
  await world.sql("update projects set time_zone = 'America/New_York' where id = $1", [project.id]);
  const account = await connectCommunity(world, ada, project.id);
  const ask = (schedule: object, door = '/v1/posts') =>
    world.call('POST', door, {
      token: ada.token,
      json: { projectId: project.id, text: 'Hi', schedule, publications: [{ accountId: account.id }] },
    });
  const when = async (schedule: object) => {
    const { dueAt, wallTime, timeZone } = (await ask(schedule)).json(Post);
    return [Date.parse(dueAt ?? ''), wallTime, timeZone];
  };
  const at = (text: string) => Date.parse(text);
  await change({ timeZone: 'Asia/Tokyo', defaultPostingTime: null });
  const wall = '2998-01-15T18:00:00';
  expect(await when({ type: 'at', at: wall })).toEqual([at(`${wall}+09:00`), wall, 'Asia/Tokyo']);
  expect(await when({ type: 'at', at: wall, timeZone: 'Europe/Berlin' })).toEqual([
    ...[at(`${wall}+01:00`), wall, 'Europe/Berlin'],
  ]);
  await change({ timeZone: null });
  expect(await when({ type: 'at', at: wall })).toEqual([at(`${wall}-05:00`), wall, 'America/New_York']);

  const timeless = await ask({ type: 'at', at: '2998-01-15' });
  expect([timeless.code, timeless.pointers]).toEqual(['invalid_request', ['/body/schedule/at']]);
  const report = (await ask({ type: 'at', at: '2998-01-15' }, '/v1/posts/validate')).json(Validation);
  expect(report).toMatchObject({ valid: false, errors: [{ pointer: '/body/schedule/at', code: 'no_time' }] });
  await change({ defaultPostingTime: '07:30' });
  expect(await when({ type: 'at', at: '2998-01-15', timeZone: 'Europe/Berlin' })).toEqual([
    ...[at('2998-01-15T07:30:00+01:00'), '2998-01-15T07:30:00', 'Europe/Berlin'],
  ]);
  const both = await ask({ type: 'at', at: `${wall}Z`, timeZone: 'Europe/Berlin' });
  expect([both.code, both.pointers]).toEqual(['invalid_request', ['/body/schedule/timeZone']]);
});

/** What each choice changes, and where that is shown. */
const readers: Readonly<Record<string, string>> = {
  timeZone: 'new projects and wall times: above',
  defaultPostingTime: 'a date without a time: above',
  emailNotifications: 'test/workers/alert-failures.test.ts, test/api/me/exports.test.ts',
  postFailureAlerts: 'test/workers/alert-failures.test.ts',
  extra: 'kept for clients',
};

test('every preference changes something, or says that it waits for who reads it', () => {
  const { version: _, ...fields } = Preferences.shape;
  for (const [name, field] of Object.entries(fields))
    expect(name in readers, name).toBe(!/has no effect yet/.test(field.description ?? ''));
});
