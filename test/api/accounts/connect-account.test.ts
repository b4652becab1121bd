import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { completeOauth } from '../../../infra/local/platforms/control-client.ts';
import { tokenBinding, unseal } from '../../../shared/accounts/seal.ts';
import { Account, Connection } from '../../../shared/accounts/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import {
  beginSignIn,
  connectByScreen,
  followCallback,
  openSocialWorld,
  type SocialWorld,
} from '../../support/social.ts';

let world: SocialWorld;
let ada: Person;
let projectId: string;

beforeAll(async () => {
  world = await openSocialWorld({ bluesky: true });
  ada = await registerUser(world);
  projectId = (await createProject(world, ada, 'Élan & Söhne')).id;
});
afterAll(() => world.close());

const connect = (json: Record<string, unknown>, who = ada) =>
  world.call('POST', '/v1/accounts', { token: who.token, json });

test('the community connects at once, under a handle made of the project name', async () => {
  const answer = await connect({ platform: 'community', projectId });
  expect(answer.status).toBe(201);
  const connection = answer.json(Connection);
  expect(connection).toMatchObject({
    status: 'connected',
    account: { handle: 'elan-sohne', platformAccountId: projectId, baseUrl: null, status: 'connected' },
  });
});

test('a handle is one account’s alone, kept when it connects again, changed when another is asked for', async () => {
  const handleIn = async (project: string, handle?: string) => {
    const answer = await connect({ platform: 'community', projectId: project, ...(handle && { handle }) });
    const connection = answer.json(Connection);
    return connection.status === 'connected' ? connection.account.handle : null;
  };
  const [one, other, admin] = await Promise.all(
    ['Rosa', 'Rosa!', 'Admin'].map(async (name) => (await createProject(world, ada, name)).id),
  );
  if (one === undefined || other === undefined || admin === undefined) throw new Error('there are three projects');
  expect(await handleIn(one)).toBe('rosa');
  const spare = await handleIn(other);
  expect(spare).toMatch(/^rosa-[0-9a-f]{6}$/);
  expect(await handleIn(other)).toBe(spare);
  expect(await handleIn(admin)).toMatch(/^admin-[0-9a-f]{6}$/);
  const taken = await connect({ platform: 'community', projectId: other, handle: 'rosa' });
  expect([taken.status, taken.code]).toEqual([409, 'handle_taken']);
  expect(await handleIn(one, 'rosa_2')).toBe('rosa_2');
  expect(await handleIn(one)).toBe('rosa_2');
  expect(await handleIn(other, 'rosa')).toBe('rosa');
  const twice = world.sql(`update social_accounts set handle = 'ROSA' where project_id = $1`, [one]);
  await expect(twice).rejects.toThrow('social_accounts_community_handle_key');
  await world.sql(`update social_accounts set status = 'disconnected' where project_id = $1`, [other]);
  expect(await handleIn(one, 'rosa')).toBe('rosa');
  const reserved = await connect({ platform: 'community', projectId: one, handle: 'admin' });
  expect([reserved.status, reserved.pointers]).toEqual([422, ['/body/handle']]);
});

test('the password of a Bluesky account never goes to the platform', async () => {
  for (const appPassword of ['correct horse battery', 'abcd-efgh-ijkl', 'abcdefghijklmnop']) {
    const answer = await connect({ platform: 'bluesky', projectId, identifier: 'ada.example', appPassword });
    expect([answer.status, answer.pointers]).toEqual([422, ['/body/appPassword']]);
    expect(answer.text).not.toContain(appPassword);
  }
});

test('an app password connects a Bluesky account; a wrong one is the answer of the platform', async () => {
  const { handle, did, appPassword } = await world.platforms.createBlueskyAccount();
  const wrong = await connect({
    platform: 'bluesky',
    projectId,
    identifier: handle,
    appPassword: 'abcd-efgh-ijkl-mnop',
  });
  expect([wrong.status, wrong.code]).toEqual([422, 'sign_in_refused']);
  const answer = await connect({ platform: 'bluesky', projectId, identifier: `@${handle}`, appPassword });
  expect(answer.json(Connection)).toMatchObject({ account: { platformAccountId: did, handle } });
  expect(answer.text).not.toContain(appPassword);
  const elsewhere = (await createProject(world, ada)).id;
  const twice = await connect({ platform: 'bluesky', projectId: elsewhere, identifier: handle, appPassword });
  expect([twice.status, twice.code]).toEqual([409, 'account_elsewhere']);
});

test('tokens lie sealed, and open only for their account', async () => {
  const account = await connectByScreen(world, ada, { platform: 'mastodon', projectId });
  const [row] = await world.sql('select access_token_sealed from account_tokens where account_id = $1', [account.id]);
  const sealed = String(row?.access_token_sealed);
  const base = account.baseUrl ?? '';
  const token = await unseal(sealed, tokenBinding('mastodon', base, account.platformAccountId, 'access'));
  const who = await fetch(`${base}/api/v1/accounts/verify_credentials`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await who.json()).toMatchObject({ id: account.platformAccountId });
  await expect(unseal(sealed, tokenBinding('mastodon', base, 'another', 'access'))).rejects.toThrow();
});

test('one registration with an instance serves everybody, also when two connect at once', async () => {
  const body = { platform: 'mastodon', projectId, baseUrl: world.origins.mastodon };
  await world.sql('delete from platform_apps');
  const screens = await Promise.all([beginSignIn(world, ada, body), beginSignIn(world, ada, body)]);
  const clients = screens.map((screen) => new URL(screen).searchParams.get('client_id'));
  expect(new Set(clients).size).toBe(1);
  for (const screen of screens) {
    const page = await followCallback(world, await completeOauth(screen, await world.platforms.createUser('mastodon')));
    expect(page.status).toBe(200);
  }
  expect(await world.sql('select 1 from platform_apps')).toHaveLength(1);
});

test('a registration that was made for another address of ours is made anew', async () => {
  const body = { platform: 'mastodon', projectId, baseUrl: world.origins.mastodon };
  await beginSignIn(world, ada, body);
  await world.sql(
    `update platform_apps set redirect_uri = 'http://127.0.0.1:1/v1/accounts/callback', client_id = 'gone'`,
  );
  const screen = await beginSignIn(world, ada, body);
  const page = await followCallback(world, await completeOauth(screen, await world.platforms.createUser('mastodon')));
  expect(page.status).toBe(200);
});

test('Threads connects by its screen, and connecting again keeps the id', async () => {
  const user = await world.platforms.createUser('threads');
  const ids = new Set<string>();
  for (let round = 0; round < 2; round += 1) {
    const screen = await beginSignIn(world, ada, { platform: 'threads', projectId });
    expect((await followCallback(world, await completeOauth(screen, user))).status).toBe(200);
    const [row] = await world.sql('select id from social_accounts where platform = $1 and handle = $2', [
      'threads',
      user.username,
    ]);
    ids.add(String(row?.id));
  }
  expect(ids.size).toBe(1);
});

test('what failed for want of a good token in the last week resumes when the account is connected again', async () => {
  const user = await world.platforms.createUser('threads');
  const again = async () => {
    const screen = await beginSignIn(world, ada, { platform: 'threads', projectId });
    await followCallback(world, await completeOauth(screen, user));
  };
  await again();
  const [account] = await world.sql('select id from social_accounts where handle = $1', [user.username]);
  const seed = `with p as (insert into posts (project_id, text, schedule_type, due_at) values ($1, 'x', 'now', now()) returning id)
    insert into post_publications (project_id, post_id, account_id, platform, state, due_at, failure_class)
    select $1, p.id, $2, 'threads', 'failed', now(), $3 from p returning id`;
  const [lost] = await world.sql(seed, [projectId, account?.id, 'reauthorize']);
  const [bad] = await world.sql(seed, [projectId, account?.id, 'invalid-content']);
  await again();
  const states = await world.sql('select id, state, failure_class from post_publications where account_id = $1', [
    account?.id,
  ]);
  expect(states.find(({ id }) => id === lost?.id)).toMatchObject({ state: 'scheduled', failure_class: null });
  expect(states.find(({ id }) => id === bad?.id)).toMatchObject({ state: 'failed' });
});

test.each([
  ['http://169.254.169.254', 'address_not_allowed'],
  ['https://localhost', 'address_not_allowed'],
  ['https://10.0.0.1', 'address_not_allowed'],
  ['http://example.com', 'address_not_allowed'],
  ['https://:0', 'invalid_request'],
])('an address that leads inside is refused: %s', async (baseUrl, code) => {
  const answer = await connect({ platform: 'mastodon', projectId, baseUrl });
  expect([answer.status, answer.code]).toEqual([422, code]);
  expect(answer.pointers).toEqual(['/body/baseUrl']);
});

test('a platform that is switched off takes nobody', async () => {
  await world.sql(`update platforms set enabled = false where name = 'threads'`);
  const answer = await connect({ platform: 'threads', projectId });
  expect([answer.status, answer.code]).toEqual([409, 'platform_disabled']);
  await world.sql(`update platforms set enabled = true where name = 'threads'`);
});

test.each([
  ['does not answer', 503, 'platform_unavailable'],
  ['refuses us', 403, 'platform_rejected'],
])('a platform that %s is named as such', async (_, status, code) => {
  await world.sql('delete from platform_apps');
  await world.platforms.armFault({
    platform: 'mastodon',
    route: 'POST /api/v1/apps',
    when: 'received',
    action: 'status',
    status,
  });
  const answer = await connect({ platform: 'mastodon', projectId, baseUrl: world.origins.mastodon });
  await world.platforms.clearFaults();
  expect([answer.status, answer.code]).toEqual([502, code]);
});

test('strangers find no such project, viewers may not connect', async () => {
  const eve = await registerUser(world, 'Eve');
  const body = { platform: 'community', projectId };
  expect((await connect(body, eve)).code).toBe('not_found');
  expect((await connect({ ...body, projectId: randomUUID() })).code).toBe('not_found');
  await addMember(world, projectId, eve, 'viewer');
  expect((await connect(body, eve)).code).toBe('forbidden');
});

test('the answer of a sign-in is not kept: the same key again says that it was done', async () => {
  const options = { token: ada.token, json: { platform: 'threads', projectId }, idempotencyKey: randomUUID() };
  expect((await world.call('POST', '/v1/accounts', options)).status).toBe(201);
  expect((await world.call('POST', '/v1/accounts', options)).code).toBe('already_done');
  const [row] = await world.sql(
    'select count(*)::int as n from idempotency_keys where answer is not null and key = $1',
    [options.idempotencyKey],
  );
  expect(row?.n).toBe(0);
});

test('an account can be read by members alone', async () => {
  const list = await world.call('GET', `/v1/accounts?projectId=${projectId}&platform=community`, { token: ada.token });
  const id = Account.array().parse(JSON.parse(list.text).data)[0]?.id;
  expect((await world.call('GET', `/v1/accounts/${id}`, { token: ada.token })).json(Account).id).toBe(id);
  const mallory = await registerUser(world, 'Mallory');
  expect((await world.call('GET', `/v1/accounts/${id}`, { token: mallory.token })).code).toBe('not_found');
  expect(JSON.parse((await world.call('GET', '/v1/accounts', { token: mallory.token })).text).data).toEqual([]);
});
