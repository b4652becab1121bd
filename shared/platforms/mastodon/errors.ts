import { z } from 'zod';
import type { FailureRule, FailureTable } from '../failures.ts';

export const rules: readonly FailureRule[] = [
  { http: 401, class: 'reauthorize' },
  { http: 400, match: 'invalid_grant', class: 'reauthorize' },
  { http: 403, match: 'outside the authorized scopes', class: 'reauthorize' },
  { http: 403, match: 'login is currently disabled', class: 'account-restricted' },
  { http: 403, class: 'account-restricted' },
  { http: 422, match: 'finished processing', class: 'retry-later', refused: true },
  // Already attached: an earlier attempt may have taken them, so only a look at the account can tell.
  { http: 422, match: 'already attached', class: 'unknown', ambiguous: true, dropPrepared: true },
  { http: 422, class: 'invalid-content' },
  { http: 404, class: 'invalid-content' },
  { http: 410, class: 'invalid-content' },
  { http: 429, class: 'rate-limited' },
  { http: 500, class: 'retry-later' },
  { http: 502, class: 'retry-later' },
  { http: 503, class: 'retry-later' },
  { http: 504, class: 'retry-later' },
];

const envelope = z.object({ error: z.string(), error_description: z.string().optional() });

export const failures: FailureTable = {
  rules,
  read: (answer) => {
    const said = answer.json(envelope);
    if (said === null) return { code: null, message: answer.text };
    const code = /^[a-z_]+$/.test(said.error) ? said.error : `http_${answer.status}`;
    return { code, message: said.error_description ?? said.error };
  },
};
