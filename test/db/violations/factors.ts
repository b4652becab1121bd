import type { Violations } from './format.ts';

export const violations: Violations = {
  sign_in_tickets_token_hash_key: "update sign_in_tickets set token_hash = 'same'",
  sign_in_tickets_tries_natural: 'update sign_in_tickets set tries = -1',
  proof_tries_failures_positive: 'update proof_tries set failures = 0',
  identity_providers_name_form: "update identity_providers set name = 'No!'",
  identity_providers_label_length: "update identity_providers set label = ''",
  identity_providers_issuer_form: "update identity_providers set issuer = 'ftp://example.com'",
  identity_providers_client_id_length: "update identity_providers set client_id = ''",
  identity_providers_scopes_openid: "update identity_providers set scopes = '{email}'",
  identity_providers_return_origins_few:
    "update identity_providers set return_origins = array_fill('x'::text, array[51])",
  provider_sign_ins_start_hash_key: `insert into provider_sign_ins (provider, purpose, user_id, start_hash, return_to, code_challenge)
    select provider, purpose, user_id, start_hash, return_to, code_challenge from provider_sign_ins`,
  provider_sign_ins_browser_hash_key: `insert into provider_sign_ins (provider, purpose, user_id, start_hash, browser_hash, return_to, code_challenge)
    select provider, purpose, user_id, 'fresh' || n, 'same', return_to, code_challenge from provider_sign_ins, generate_series(1, 2) n`,
  provider_sign_ins_code_hash_key: `insert into provider_sign_ins (provider, purpose, user_id, start_hash, code_hash, return_to, code_challenge)
    select provider, purpose, user_id, 'fresh' || n, 'same', return_to, code_challenge from provider_sign_ins, generate_series(1, 2) n`,
  provider_sign_ins_purpose_known: "update provider_sign_ins set purpose = 'other'",
  provider_sign_ins_purpose_fits: 'update provider_sign_ins set user_id = null',
};
