import type { Connector } from '../connector.ts';
import { prepare } from './containers.ts';
import { capabilities } from './limits.ts';
import { metrics } from './metrics.ts';
import { authorizeUrl, exchangeCode, refresh, refreshAheadS } from './oauth.ts';
import { checkOptions } from './options.ts';
import { commit, confirm, remove } from './publish.ts';
import { reconcile } from './reconcile.ts';

export const threads: Connector = {
  name: 'threads',
  capabilities,
  authorizeUrl,
  exchangeCode,
  refreshAheadS,
  refresh,
  validate: ({ options }) => checkOptions(options),
  prepare,
  commit,
  confirm,
  reconcile,
  remove,
  metrics,
};
