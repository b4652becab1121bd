import type { Violations } from './format.ts';

export const violations: Violations = {
  sign_in_tickets_token_hash_key: "update sign_in_tickets set token_hash = 'same'",
  sign_in_tickets_tries_natural: 'update sign_in_tickets set tries = -1',
  proof_tries_failures_positive: 'update proof_tries set failures = 0',
};
