import { z } from 'zod';
import type { Cell, Rows } from './row.ts';

export const accounts: Rows = {
  listPlatforms: { is: 'public' },
  callback: {
    is: 'public',
    writes: true,
    // The sign-in that the owner began, and the platform's no: its yes is tested where the platforms run.
    ask: async (cell) => ({ stranger: 'own', query: { state: await beginSignIn(cell), error: 'access_denied' } }),
  },
  listAccounts: { is: 'projectList' },
  getAccount: { is: 'projectRead' },
  connectAccount: {
    is: 'projectWrite',
    // The other platforms are asked before they say yes, and do not run here.
    ask: ({ sample, expected }) =>
      expected === 'ok'
        ? {
            ...sample,
            bodies: (sample.bodies ?? []).filter(({ platform }) => /^(community|threads)$/.test(String(platform))),
          }
        : sample,
  },
  disconnectAccount: {
    is: 'projectWrite',
    ask: async ({ sample, seed, snapshot }) => {
      const { projectId, accountId } = seed;
      const text = `update post_publications set state = 'cancelled' where project_id = $1 and state <> 'published'`;
      await snapshot.force('post_publications', text, [projectId]);
      return { ...sample, params: { accountId } };
    },
  },
};

async function beginSignIn({ world, seed }: Cell): Promise<string> {
  const json = { platform: 'threads', projectId: seed.projectId };
  const answer = await world.call('POST', '/v1/accounts', { token: seed.owner.token, json });
  const { authorizeUrl } = answer.json(z.object({ status: z.literal('authorize'), authorizeUrl: z.url() }));
  return new URL(authorizeUrl).searchParams.get('state') ?? '';
}
