/** Tokens that end, are taken away, or are doubted: renewed once, never by two; the account keeps its id. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seal, tokenBinding } from '../../shared/accounts/seal.ts';
import { Account } from '../../shared/accounts/shapes.ts';
import { ahead } from '../support/posts.ts';
import { type ConnectedAccount, openStage, outside, type Stage } from '../support/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
beforeEach(() => stage.world.platforms.configureThreads({ refreshAfterS: 0 }));
afterEach(() => stage.world.platforms.clearFaults());
afterAll(() => stage?.close());

const accountOf = async ({ id }: ConnectedAccount) =>
  (await stage.world.call('GET', `/v1/accounts/${id}`, { token: stage.owner.token })).json(Account);
const endToken = ({ id }: ConnectedAccount, inS: number) =>
  stage.world.sql(
    'update account_tokens set expires_at = app.now() + make_interval(secs => $2) where account_id = $1',
    [id, inS],
  );
const tokenOf = async ({ id }: ConnectedAccount) =>
  (
    await stage.world.sql('select token_version, access_token_sealed from account_tokens where account_id = $1', [id])
  )[0];
const tenAtOnce = (account: ConnectedAccount) => Promise.all(Array.from({ length: 10 }, () => stage.publish(account)));

describe.each(['bluesky', 'threads'] as const)('on %s', (platform) => {
  let account: ConnectedAccount;
  beforeEach(async () => {
    account = await stage.connect(platform);
  });
  const refreshes = async () => (await stage.calls(platform, 'refresh')).length;

  test.each([
    ['soon', 90],
    ['now', 0],
  ])(
    'a token that ends %s is renewed once for ten publications, and all go out',
    async (_name, inS) => {
      const before = await tokenOf(account);
      await endToken(account, inS);
      const ids = await tenAtOnce(account);
      await Promise.all(ids.map((id) => stage.published(id, 40_000)));
      expect(await refreshes()).toBe(1);
      const after = await tokenOf(account);
      expect(after?.token_version).toBe(Number(before?.token_version) + 1);
      expect(after?.access_token_sealed).not.toBe(before?.access_token_sealed);
      expect(await stage.shown(account)).toHaveLength(10);
    },
    60_000,
  );

  test('trouble while it is renewed disconnects nobody', async () => {
    await endToken(account, 0);
    await stage.strike(platform, 'refresh', { when: 'received', action: 'status', status: 503 });
    const publicationId = await stage.publish(account);
    await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'retry');
    expect((await accountOf(account)).status).toBe('connected');
    await stage.published(publicationId, 30_000);
    expect(await refreshes()).toBe(2);
  });
});

test('a token that Bluesky refuses ten times before we thought it ended is renewed once, and all go out', async () => {
  const account = await stage.connect('bluesky');
  const { baseUrl } = await accountOf(account);
  const binding = tokenBinding('bluesky', baseUrl ?? '', account.name, 'access');
  await stage.world.sql('update account_tokens set access_token_sealed = $2 where account_id = $1', [
    account.id,
    await seal('eyJhbGciOiJIUzI1NiJ9.e30.c3BlbnQ', binding),
  ]);
  const ids = await tenAtOnce(account);
  const done = await Promise.all(ids.map((id) => stage.published(id, 40_000)));
  expect(await stage.calls('bluesky', 'refresh')).toHaveLength(1);
  expect(done.some(({ attempts }) => attempts[0]?.failureClass === 'reauthorize')).toBe(true);
  expect((await accountOf(account)).status).toBe('connected');
  expect(await stage.shown(account)).toHaveLength(10);
});

describe('Threads', () => {
  test('does not renew a token of less than a day, which is kept', async () => {
    await stage.world.platforms.configureThreads({ refreshAfterS: 86_400 });
    const account = await stage.connect('threads');
    const body = { error: { message: 'Error validating access token', code: 190, error_subcode: 463 } };
    await stage.strike('threads', 'commit', { when: 'received', action: 'status', status: 401, body });
    const doubted = await stage.publish(account);
    await stage.published(doubted, 20_000);
    const next = await stage.publish(account);
    await stage.published(next);
    expect((await stage.calls('threads', 'refresh')).map(({ status }) => status)).toEqual([400]);
    expect(await accountOf(account)).toMatchObject({ status: 'connected', statusReason: null });
    expect((await tokenOf(account))?.token_version).toBe(1);
  });
});

describe.each(outside)('access that was taken away on %s', (platform) => {
  test('fails what is due, names the owner as the one to act, and resumes under the same account', async () => {
    const account = await stage.connect(platform);
    const waiting = await stage.publish(account, { schedule: { type: 'at', at: ahead(3600) } });
    if (platform === 'bluesky') {
      await stage.world.platforms.revokeBlueskyAppPasswords(account.name);
      await endToken(account, 0);
    } else {
      await stage.world.platforms.revokeTokens(platform, account.name);
    }
    const due = await stage.publish(account);
    const failed = await stage.until(due, ({ state }) => state === 'failed', 30_000);
    expect(failed.failure?.class).toBe('reauthorize');
    const { status, statusReason } = await accountOf(account);
    expect(status).toBe('reauthorization_needed');
    expect(statusReason).toBe(failed.failure?.message);
    expect((await stage.read(waiting)).state).toBe('scheduled');

    expect(await account.reconnect()).toBe(account.id);
    expect(await accountOf(account)).toMatchObject({ status: 'connected', statusReason: null });
    await stage.world.sql('update post_publications set due_at = app.now() where id = $1', [waiting]);
    await stage.world.tick('dispatchDue');
    await Promise.all([due, waiting].map((id) => stage.published(id, 20_000)));
    expect(await stage.shown(account)).toHaveLength(2);
  });
});
