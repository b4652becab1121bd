/** Our own feed as a platform like any other, over a real database. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { communityPort } from '../../shared/community/port.ts';
import { connect } from '../../shared/db/client.ts';
import type { Credentials, Draft } from '../../shared/platforms/connector.ts';
import { createPlatformHttp } from '../../shared/platforms/http.ts';
import { connectorOf } from '../../shared/platforms/registry.ts';
import { createProject, registerUser } from '../support/people.ts';
import { connectCommunity } from '../support/posts.ts';
import { openWorld, type World } from '../support/world.ts';
import type { Fault, PlatformWorld } from './conformance.ts';
import { describeConnector } from './conformance.ts';

interface Feed {
  readonly world: World;
  readonly projectId: string;
  readonly accountId: string;
}

/** The tenant's side of a publication that is due. */
async function accept({ world, projectId, accountId }: Feed, draft: Draft): Promise<void> {
  await world.sql(
    `with post as (
       insert into posts (project_id, text, schedule_type, due_at) values ($1, $2, 'now', app.now()) returning id
     )
     insert into post_publications (id, project_id, post_id, account_id, platform, state, due_at)
     select $3, $1, post.id, $4, 'community', 'scheduled', app.now() from post
     on conflict do nothing`,
    [projectId, draft.text, draft.publicationId, accountId],
  );
}

function strike({ faults }: World, { when, action }: Fault): void {
  const point = `data-api:publishToCommunity:${when === 'received' ? 'before' : 'after'}`;
  // An answer cannot be lost before there is one: the endpoint answers an error instead.
  const isError = when === 'received' || action === 'status';
  if (action === 'hang') faults.arm({ point, action: 'delay', delayMs: 3_000 });
  else if (isError) faults.arm({ point, action: 'error', error: 'InternalServerErrorException' });
  else faults.arm({ point, action: 'drop' });
}

async function open(): Promise<PlatformWorld> {
  const world = await openWorld();
  const [owner, other] = await Promise.all([registerUser(world, 'Olivia Owner'), registerUser(world, 'Otto Other')]);
  const { id: projectId } = await createProject(world, owner);
  const account = await connectCommunity(world, owner, projectId);
  const feed = { world, projectId, accountId: account.id };
  // Without patience nothing is repeated: what the fault did is what the connector meets.
  const caller = { kind: 'worker', name: 'publish' } as const;
  const db = connect({ caller, requestId: randomUUID(), patienceMs: () => 0 });
  const credentials: Credentials = {
    accountId: account.id,
    platformAccountId: account.platformAccountId,
    handle: account.handle,
    baseUrl: '',
    accessToken: '',
    refreshToken: null,
  };
  return {
    connector: connectorOf('community'),
    trustedOrigins: [],
    session: { community: communityPort(db, { media: [] }) },
    accept: (draft) => accept(feed, draft),
    signIn: async () => credentials,
    listTexts: async () => {
      const rows = await world.sql('select text from community_posts where deleted_at is null');
      return rows.map(({ text }) => String(text));
    },
    strikeCommit: async (fault) => strike(world, fault),
    clearFaults: async () => world.faults.clear(),
    spoilToken: async () => ({ credentials, mend: 'sign-in' }),
    limitCommits: async () => undefined,
    liftLimits: async () => undefined,
    engage: async (postId) => {
      const path = `/v1/community/posts/${postId}`;
      const liked = await world.call('PUT', `${path}/like`, { token: other.token });
      const said = await world.call('POST', `${path}/comments`, { token: other.token, json: { text: 'Well done!' } });
      expect([liked.status, said.status]).toEqual([200, 201]);
    },
    close: world.close,
  };
}

describe('the community', () => {
  describeConnector(open, {
    noProcessing: 'has nothing to wait for: our media worker was there before.',
    noMediaChecks: 'does not look at media again: our media worker did.',
    noTextChecks: 'does not measure texts again: validation did.',
    noLimits: 'refuses nobody for calling too often.',
    noTokens: 'knows its authors without tokens.',
    noServer: 'lives in our own database, not at an address.',
  });

  it('does not write without its port, and says so', async () => {
    const session = {
      http: createPlatformHttp({ trustedOrigins: [] }),
      credentials: {
        accountId: 'a',
        platformAccountId: 'p',
        handle: 'h',
        baseUrl: '',
        accessToken: '',
        refreshToken: null,
      },
      signal: AbortSignal.timeout(1_000),
    };
    const publicationId = randomUUID();
    const draft = { publicationId, text: '', media: [], options: {}, idempotencyKey: '', dueAt: '' };
    await expect(connectorOf('community').commit(session, draft, {})).rejects.toThrow('community port');
  });
});
