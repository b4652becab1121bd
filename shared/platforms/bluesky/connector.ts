import type { Connector } from '../connector.ts';
import { failed } from '../failures.ts';
import { capabilities } from './limits.ts';
import { metrics } from './metrics.ts';
import { checkOptions } from './options.ts';
import { commit, prepare, reconcile, remove } from './publish.ts';
import { refresh, revoke, signIn } from './sign-in.ts';

export const bluesky: Connector = {
  name: 'bluesky',
  capabilities,
  signIn,
  refresh,
  revoke,
  validate: ({ options }) => checkOptions(options),
  prepare,
  commit,
  confirm: async (session, draft) => {
    const looked = await reconcile(session, draft, null, draft.dueAt);
    if (looked.kind === 'found') return { kind: 'published', evidence: looked.evidence };
    if (looked.kind === 'absent') return { kind: 'waiting', waitS: 2 };
    return failed('retry-later', 'cannot_tell', looked.message);
  },
  reconcile,
  remove,
  metrics,
};
