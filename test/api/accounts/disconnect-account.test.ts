import { afterAll, beforeAll, expect, test } from 'vitest';
import { revokeDisconnected } from '../../../shared/accounts/revoke-accounts.ts';
import { Account } from '../../../shared/accounts/shapes.ts';
import { connect } from '../../../shared/db/client.ts';
import { platformHttp } from '../../../shared/platforms/http.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, createPost, page } from '../../support/posts.ts';
import { connectByScreen, openSocialWorld, type SocialWorld } from '../../support/social.ts';

let world: SocialWorld;
let ada: Person;
let projectId: string;

beforeAll(async () => {
  world = await openSocialWorld();
  ada = await registerUser(world);
  projectId = (await createProject(world, ada)).id;
});
afterAll(() => world.close());

const disconnect = (id: string, query = '', who = ada) =>
  world.call('DELETE', `/v1/accounts/${id}${query}`, { token: who.token });
const stateOf = async (id: string | undefined) =>
  (await world.sql('select state from post_publications where id = $1', [id]))[0]?.state;
const sweep = () =>
  revokeDisconnected(
    connect({ caller: { kind: 'worker', name: 'test' }, requestId: 'test', patienceMs: () => 1_000 }),
    platformHttp(),
    AbortSignal.timeout(5_000),
  );

async function waitingPost(accountId: string) {
  const post = await createPost(world, ada, {
    projectId,
    text: 'waits',
    schedule: { type: 'at', at: ahead(3600) },
    publications: [{ accountId }],
  });
  return post.publications[0]?.id;
}

test('what waits is listed and stays; asked for, it is cancelled; then the tokens end at the platform and here', async () => {
  const account = await connectByScreen(world, ada, { platform: 'mastodon', projectId });
  const waiting = await waitingPost(account.id);
  const refused = await disconnect(account.id);
  expect([refused.status, refused.code, refused.pointers]).toEqual([409, 'in_use', [`/publications/${waiting}`]]);
  expect(await stateOf(waiting)).toBe('scheduled');

  const token = await world.platforms.issueToken('mastodon', { username: account.username });
  expect((await disconnect(account.id, '?cancelWaiting=true')).status).toBe(204);
  expect(await stateOf(waiting)).toBe('cancelled');
  const seen = await world.call('GET', `/v1/accounts/${account.id}`, { token: ada.token });
  expect(seen.json(Account)).toMatchObject({ status: 'disconnected', disconnectedAt: expect.any(String) });

  expect(await sweep()).toBe(1);
  expect(await world.sql('select 1 from account_tokens where account_id = $1', [account.id])).toEqual([]);
  const revoked = (await world.platforms.requests()).filter(({ route }) => route === 'POST /oauth/revoke');
  expect(revoked).toMatchObject([{ status: 200 }]);
  // Another token of the same person is none of ours.
  const other = await fetch(`${world.origins.mastodon}/api/v1/accounts/verify_credentials`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(other.status).toBe(200);
  expect(await sweep()).toBe(0);
});

test('what is being published stands in the way even when cancelling was asked for, and nothing is cancelled', async () => {
  const account = await connectByScreen(world, ada, { platform: 'threads', projectId });
  const [busy, waiting] = [await waitingPost(account.id), await waitingPost(account.id)];
  await world.sql(`update post_publications set state = 'queued' where id = $1`, [busy]);
  await world.sql(
    `update post_publications set state = 'publishing', lease_until = now() + interval '1 minute' where id = $1`,
    [busy],
  );
  const refused = await disconnect(account.id, '?cancelWaiting=true');
  expect([refused.code, refused.pointers]).toEqual(['in_use', [`/publications/${busy}`]]);
  expect(await stateOf(waiting)).toBe('scheduled');
});

test('an account that was connected again before the sweep keeps its new token', async () => {
  const account = await connectByScreen(world, ada, { platform: 'mastodon', projectId });
  expect((await disconnect(account.id)).status).toBe(204);
  expect((await disconnect(account.id)).status).toBe(204);
  await world.sql(`update social_accounts set status = 'connected', disconnected_at = null where id = $1`, [
    account.id,
  ]);
  await sweep();
  expect(await world.sql('select 1 from account_tokens where account_id = $1', [account.id])).toHaveLength(1);
});

test('lists leave disconnected accounts out unless they are asked for', async () => {
  const list = async (query: string) =>
    (await world.call('GET', `/v1/accounts?projectId=${projectId}${query}`, { token: ada.token })).json(page(Account))
      .data;
  expect((await list('')).every(({ status }) => status !== 'disconnected')).toBe(true);
  expect((await list('&status=disconnected')).map(({ status }) => status)).toEqual(['disconnected']);
  expect((await list('&platform=threads')).map(({ platform }) => platform)).toEqual(['threads']);
});

test('strangers find nothing, viewers may not', async () => {
  const account = await connectByScreen(world, ada, { platform: 'mastodon', projectId });
  const eve = await registerUser(world, 'Eve');
  expect((await disconnect(account.id, '', eve)).code).toBe('not_found');
  await addMember(world, projectId, eve, 'viewer');
  expect((await disconnect(account.id, '', eve)).code).toBe('forbidden');
});
