import type { Cast } from '../people.ts';
import { connectCommunity } from '../posts.ts';
import type { World } from '../world.ts';
import type { ProjectsSeed } from './projects.ts';
import type { Samples } from './sample.ts';

export interface AccountsSeed {
  readonly accountId: string;
  readonly spareAccountId: string;
  /** An origin that may be called although it is on this machine. */
  readonly origin: string;
}

export async function seedAccounts(world: World, { owner, ...ids }: Cast & ProjectsSeed): Promise<AccountsSeed> {
  return {
    accountId: (await connectCommunity(world, owner, ids.projectId)).id,
    spareAccountId: (await connectCommunity(world, owner, ids.spareProjectId)).id,
    origin: world.origin,
  };
}

export function accountsSamples({ projectId, accountId, ...seed }: ProjectsSeed & AccountsSeed): Samples {
  const stranger = 'missing';
  const baseUrl = seed.origin;
  return {
    reads: {
      listPlatforms: { stranger: 'own' },
      callback: { stranger: 'own', query: { state: 'nobody-began-this', code: 'x' }, owner: [400, 'invalid_state'] },
      listAccounts: { query: { projectId }, stranger: 'empty' },
      getAccount: { params: { accountId }, stranger },
    },
    writes: {
      connectAccount: {
        bodies: [
          { platform: 'community', projectId, handle: `walker-${projectId.slice(-8)}` },
          { platform: 'bluesky', projectId, identifier: 'a.b', appPassword: 'abcd-efgh-ijkl-mnop', baseUrl },
          { platform: 'mastodon', projectId, baseUrl },
          { platform: 'threads', projectId },
        ],
        stranger,
      },
    },
    ends: {
      disconnectAccount: { params: { accountId: seed.spareAccountId }, stranger },
    },
  };
}
