import { afterAll, beforeAll, expect, test } from 'vitest';
import { completeOauth } from '../../../infra/local/platforms/control-client.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { beginSignIn, followCallback, openSocialWorld, type SocialWorld } from '../../support/social.ts';

let world: SocialWorld;
let ada: Person;
let projectId: string;

beforeAll(async () => {
  world = await openSocialWorld();
  ada = await registerUser(world);
  projectId = (await createProject(world, ada)).id;
});
afterAll(() => world.close());

const begin = () => beginSignIn(world, ada, { platform: 'mastodon', projectId, baseUrl: world.origins.mastodon });
const accounts = () => world.sql('select 1 from social_accounts');

test('the way back connects, shows who, runs nothing, and works once', async () => {
  const user = await world.platforms.createUser('mastodon', { username: 'grace' });
  const back = await completeOauth(await begin(), user);
  const page = await followCallback(world, back);
  expect(page.status).toBe(200);
  expect(page.text).toContain('grace@');
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  expect(page.text).not.toMatch(/<script/i);
  const second = await followCallback(world, back);
  expect([second.status, second.code]).toEqual([400, 'invalid_state']);
  expect(await accounts()).toHaveLength(1);
});

test('who says no is told so, and nothing is connected', async () => {
  const before = await accounts();
  const user = await world.platforms.createUser('mastodon');
  const page = await followCallback(world, await completeOauth(await begin(), { ...user, decision: 'deny' }));
  expect(page.status).toBe(200);
  expect(page.text).toContain('Nothing was connected');
  expect(await accounts()).toHaveLength(before.length);
});

test('looking ahead uses nothing up: HEAD is not taken, and the way back still works', async () => {
  const back = await completeOauth(await begin(), await world.platforms.createUser('mastodon'));
  const { search } = new URL(back);
  const ahead = await fetch(`${world.origin}/v1/accounts/callback${search}`, { method: 'HEAD' });
  expect([ahead.status, ahead.headers.get('allow')]).toEqual([405, 'GET, OPTIONS']);
  const denied = await fetch(`${world.origin}/v1/accounts/callback${search}&error=access_denied`, { method: 'HEAD' });
  expect(denied.status).toBe(405);
  expect((await followCallback(world, back)).status).toBe(200);
});

test('a state that was not made here, or is older than ten minutes, is refused', async () => {
  const unknown = await world.call('GET', `/v1/accounts/callback?state=${'x'.repeat(43)}&code=abc`);
  expect(unknown.code).toBe('invalid_state');
  const back = await completeOauth(await begin(), await world.platforms.createUser('mastodon'));
  await world.moveClock(11 * 60_000);
  const late = await followCallback(world, back);
  await world.moveClock(0);
  expect(late.code).toBe('invalid_state');
});

test('a code that the platform does not know is refused, and the state is used up', async () => {
  const state = new URL(await begin()).searchParams.get('state');
  const forged = await world.call('GET', `/v1/accounts/callback?state=${state}&code=forged`);
  expect([forged.status, forged.code]).toEqual([422, 'sign_in_refused']);
  expect((await world.call('GET', `/v1/accounts/callback?state=${state}&code=forged`)).code).toBe('invalid_state');
});

test.each([
  ['refuses our app', 403, 'platform_rejected'],
  ['does not answer', 503, 'platform_unavailable'],
])('a platform that %s after the person said yes is named as such', async (_, status, code) => {
  const back = await completeOauth(await begin(), await world.platforms.createUser('mastodon'));
  const fault = { platform: 'mastodon', route: 'POST /oauth/token', when: 'received', action: 'status' } as const;
  await world.platforms.armFault({ ...fault, status, body: { error: 'Not now' } });
  const answer = await followCallback(world, back);
  await world.platforms.clearFaults();
  expect([answer.status, answer.code]).toEqual([502, code]);
});

test('a platform whose app was taken away meanwhile is switched off', async () => {
  const back = await completeOauth(await begin(), await world.platforms.createUser('mastodon'));
  await world.sql('delete from platform_apps');
  const answer = await followCallback(world, back);
  expect([answer.status, answer.code]).toEqual([409, 'platform_disabled']);
});

test('who has left the project meanwhile connects nothing', async () => {
  const back = await completeOauth(await begin(), await world.platforms.createUser('mastodon'));
  await addMember(world, projectId, await registerUser(world), 'owner');
  await world.sql(`update project_collaborators set role = 'viewer' where user_id = $1`, [ada.id]);
  const answer = await followCallback(world, back);
  await world.sql(`update project_collaborators set role = 'owner' where user_id = $1`, [ada.id]);
  expect([answer.status, answer.code]).toEqual([403, 'forbidden']);
});

test('a quota that was filled while the person was at the platform holds there too', async () => {
  const back = await completeOauth(await begin(), await world.platforms.createUser('mastodon'));
  await world.sql("update quotas set most = 0 where scope = 'project' and name = 'accounts'");
  const answer = await followCallback(world, back);
  await world.sql("update quotas set most = null where scope = 'project' and name = 'accounts'");
  expect([answer.status, answer.code]).toEqual([409, 'quota_exceeded']);
});

test('an account lives in one project of its person, until it is disconnected there or that project goes', async () => {
  const user = await world.platforms.createUser('mastodon');
  const other = (await createProject(world, ada)).id;
  const screenIn = (project: string) =>
    beginSignIn(world, ada, { platform: 'mastodon', projectId: project, baseUrl: world.origins.mastodon });
  const connectIn = async (project: string) =>
    followCallback(world, await completeOauth(await screenIn(project), user));
  expect((await connectIn(other)).status).toBe(200);
  const refused = await connectIn(projectId);
  expect([refused.status, refused.code]).toEqual([409, 'account_elsewhere']);
  expect((await connectIn(other)).status).toBe(200);
  await world.call('DELETE', `/v1/projects/${other}`, { token: ada.token });
  expect((await connectIn(projectId)).status).toBe(200);
});

test('names that look like markup are shown as text', async () => {
  const user = await world.platforms.createUser('threads', { username: 'rob' });
  const screen = await beginSignIn(world, ada, { platform: 'threads', projectId });
  const page = await followCallback(world, `${await completeOauth(screen, user)}`);
  expect(page.text).toContain('rob is connected');
  const { callbackPage } = await import('../../../shared/accounts/callback-page.ts');
  const { body } = callbackPage({ kind: 'connected', platform: 'X', handle: '<img src=x onerror=alert(1)>' });
  expect(body.markup).toContain('&lt;img src=x onerror=alert(1)&gt;');
});
