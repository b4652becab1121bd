/** Every error a caller can meet: one closed table. A door declares which codes it may answer, and `test/api` provokes each of them. */

export type ErrorKind =
  | 'bad-request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'precondition-failed'
  | 'too-large'
  | 'unsupported-media-type'
  | 'invalid'
  | 'too-many'
  | 'internal'
  | 'platform'
  | 'unavailable';

/** Who can mend it. */
export type Actor = 'you' | 'platform' | 'us';

interface ErrorEntry {
  readonly kind: ErrorKind;
  readonly actor: Actor;
  readonly retryable: boolean;
  readonly title: string;
}

export const errors = {
  malformed_json: { kind: 'bad-request', actor: 'you', retryable: false, title: 'The body is not valid JSON.' },
  unsupported_media_type: {
    kind: 'unsupported-media-type',
    actor: 'you',
    retryable: false,
    title: 'The body must be sent as application/json.',
  },
  body_too_large: {
    kind: 'too-large',
    actor: 'you',
    retryable: false,
    title: 'The body is larger than this endpoint accepts.',
  },
  invalid_request: { kind: 'invalid', actor: 'you', retryable: false, title: 'Some fields are not valid.' },
  invalid_cursor: {
    kind: 'invalid',
    actor: 'you',
    retryable: false,
    title: 'The cursor does not belong to this list.',
  },
  unauthenticated: {
    kind: 'unauthenticated',
    actor: 'you',
    retryable: false,
    title: 'A valid access token is required.',
  },
  invalid_credentials: {
    kind: 'unauthenticated',
    actor: 'you',
    retryable: false,
    title: 'The e-mail address or password is wrong, or the address is not verified yet.',
  },
  invalid_refresh_token: {
    kind: 'unauthenticated',
    actor: 'you',
    retryable: false,
    title: 'The refresh token is unknown, expired or already used.',
  },
  registration_closed: {
    kind: 'forbidden',
    actor: 'us',
    retryable: false,
    title: 'Registration is closed.',
  },
  invitation_needed: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'Registration requires an invitation sent to this address.',
  },
  password_too_common: {
    kind: 'invalid',
    actor: 'you',
    retryable: false,
    title: 'The password is too easy to guess.',
  },
  username_taken: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This user name, or one that looks like it, is taken.',
  },
  wrong_password: { kind: 'forbidden', actor: 'you', retryable: false, title: 'The password is wrong.' },
  email_not_verified: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'The e-mail address is not verified yet.',
  },
  session_needed: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'An API key cannot be used here: log in.',
  },
  scope_missing: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'The API key lacks the scope for this.',
  },
  step_up_needed: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'Confirm that it is you first: POST /v1/auth/step-up.',
  },
  wrong_code: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'The code is wrong or has already been used.',
  },
  second_factor_needed: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'You have a second factor: send a code from it.',
  },
  too_many_factors: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'You already have ten authenticator apps: remove one first.',
  },
  return_not_allowed: {
    kind: 'invalid',
    actor: 'you',
    retryable: false,
    title: 'A sign-in may not return to this address.',
  },
  account_exists: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'An account with this address exists: log in as before, then link the provider.',
  },
  identity_taken: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This identity is linked to another account.',
  },
  last_way_in: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This is your only way to sign in: choose a password or link another provider first.',
  },
  provider_exists: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'A provider with this name already exists.',
  },
  provider_unavailable: {
    kind: 'platform',
    actor: 'platform',
    retryable: true,
    title: 'The provider cannot be reached or gave an invalid answer.',
  },
  forbidden: { kind: 'forbidden', actor: 'you', retryable: false, title: 'Your role does not allow this.' },
  not_found: {
    kind: 'not-found',
    actor: 'you',
    retryable: false,
    title: 'It does not exist, or you have no access to it.',
  },
  no_such_route: { kind: 'not-found', actor: 'you', retryable: false, title: 'There is no such route.' },
  method_not_allowed: {
    kind: 'method-not-allowed',
    actor: 'you',
    retryable: false,
    title: 'The route does not support this method.',
  },
  invalid_token: {
    kind: 'bad-request',
    actor: 'you',
    retryable: false,
    title: 'The token is unknown, expired or already used.',
  },
  invalid_state: {
    kind: 'bad-request',
    actor: 'you',
    retryable: false,
    title: 'The sign-in was not started here, has expired or was already finished.',
  },
  sign_in_refused: {
    kind: 'invalid',
    actor: 'you',
    retryable: false,
    title: 'The platform did not accept this sign-in.',
  },
  platform_disabled: { kind: 'conflict', actor: 'us', retryable: false, title: 'This platform is switched off here.' },
  stale: {
    kind: 'precondition-failed',
    actor: 'you',
    retryable: false,
    title: 'It has changed since you read it: read it again.',
  },
  wrong_state: { kind: 'conflict', actor: 'you', retryable: false, title: 'Its current state does not allow this.' },
  idempotency_in_flight: {
    kind: 'conflict',
    actor: 'you',
    retryable: true,
    title: 'A request with this Idempotency-Key is still running.',
  },
  idempotency_mismatch: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This Idempotency-Key was used with another request.',
  },
  already_done: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This Idempotency-Key was already used; the answer held a secret and was not kept.',
  },
  name_taken: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Another of your projects has this name.',
  },
  external_id_taken: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Another post of the project has this externalId.',
  },
  account_elsewhere: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Another of your projects has this account: disconnect it there first.',
  },
  export_running: {
    kind: 'conflict',
    actor: 'you',
    retryable: true,
    title: 'An export of your account is already in progress.',
  },
  deletion_blocked: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Your account cannot be deleted yet.',
  },
  handle_taken: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Another account of the community has this handle.',
  },
  last_admin: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'An installation must keep one administrator: make another user an administrator first.',
  },
  quota_exceeded: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This would exceed a limit. What you already have stays.',
  },
  already_registered: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This address is already registered.',
  },
  already_invited: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This address already has an open invitation: resend or revoke it.',
  },
  not_oneself: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'You cannot do this to your own account: ask another administrator.',
  },
  last_owner: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'A project must keep one owner: make another member an owner first.',
  },
  owner_active: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'The project has an active owner: only its owners can transfer it.',
  },
  already_member: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This address already belongs to a member.',
  },
  invitation_of_another: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'The invitation was sent to an address other than yours.',
  },
  limit_reached: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'The maximum number has been reached: revoke one first.',
  },
  in_use: { kind: 'conflict', actor: 'you', retryable: false, title: 'It is still in use.' },
  media_not_usable: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'A media file failed processing or was deleted.',
  },
  account_not_usable: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'An account must be reconnected first.',
  },
  refresh_too_soon: {
    kind: 'too-many',
    actor: 'you',
    retryable: true,
    title: 'The metrics were refreshed a moment ago.',
  },
  too_many_requests: { kind: 'too-many', actor: 'you', retryable: true, title: 'Too many requests.' },
  platform_rejected: {
    kind: 'platform',
    actor: 'platform',
    retryable: false,
    title: 'The platform refused the request.',
  },
  platform_unavailable: {
    kind: 'platform',
    actor: 'platform',
    retryable: true,
    title: 'The platform does not respond.',
  },
  address_not_allowed: { kind: 'invalid', actor: 'you', retryable: false, title: 'This address may not be fetched.' },
  database_unavailable: {
    kind: 'unavailable',
    actor: 'us',
    retryable: true,
    title: 'The database is unavailable. Nothing was lost.',
  },
  internal: { kind: 'internal', actor: 'us', retryable: true, title: 'Something went wrong on our side.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;
