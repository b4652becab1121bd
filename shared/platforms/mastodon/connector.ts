import type { Connector } from '../connector.ts';
import { capabilities } from './limits.ts';
import { prepare } from './media.ts';
import { metrics } from './metrics.ts';
import { authorizeUrl, exchangeCode, registerApp, revoke } from './oauth.ts';
import { checkOptions } from './options.ts';
import { commit, confirm, remove } from './publish.ts';
import { reconcile } from './reconcile.ts';

export const mastodon: Connector = {
  name: 'mastodon',
  capabilities,
  registerApp,
  authorizeUrl,
  exchangeCode,
  revoke,
  validate: ({ text, options }) => checkOptions(text, options, capabilities.text),
  prepare,
  commit,
  confirm,
  reconcile,
  remove,
  metrics,
};
