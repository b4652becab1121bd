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
    title: 'The body is larger than this door takes.',
  },
  invalid_request: { kind: 'invalid', actor: 'you', retryable: false, title: 'Some fields are not valid.' },
  invalid_cursor: { kind: 'invalid', actor: 'you', retryable: false, title: 'The cursor was not made by this list.' },
  unauthenticated: {
    kind: 'unauthenticated',
    actor: 'you',
    retryable: false,
    title: 'A valid access token is needed.',
  },
  invalid_credentials: {
    kind: 'unauthenticated',
    actor: 'you',
    retryable: false,
    title: 'E-mail or password is wrong, or the address is not verified yet.',
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
    title: 'Nobody can register here at present.',
  },
  invitation_needed: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'Who registers here needs an invitation to this address.',
  },
  password_too_common: {
    kind: 'invalid',
    actor: 'you',
    retryable: false,
    title: 'The password is one that is guessed first.',
  },
  username_taken: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Somebody has this user name, or one that looks like it.',
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
    title: 'An API key may not do this: log in.',
  },
  scope_missing: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'The API key has not the scope for this.',
  },
  step_up_needed: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'Prove that it is you first: POST /v1/auth/step-up.',
  },
  wrong_code: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'The code is wrong, or was used already.',
  },
  second_factor_needed: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'You have a second factor: show a code of it.',
  },
  too_many_factors: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'You have ten authenticator apps: remove one first.',
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
    title: 'Somebody has this address here: log in as before, and link the provider then.',
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
    title: 'It is the only way in: choose a password or link another provider first.',
  },
  provider_exists: { kind: 'conflict', actor: 'you', retryable: false, title: 'There is a provider of this name.' },
  provider_unavailable: {
    kind: 'platform',
    actor: 'platform',
    retryable: true,
    title: 'The provider does not answer as one.',
  },
  forbidden: { kind: 'forbidden', actor: 'you', retryable: false, title: 'Your role does not allow this.' },
  not_found: {
    kind: 'not-found',
    actor: 'you',
    retryable: false,
    title: 'There is no such thing, or it is not yours.',
  },
  no_such_route: { kind: 'not-found', actor: 'you', retryable: false, title: 'There is no such route.' },
  method_not_allowed: {
    kind: 'method-not-allowed',
    actor: 'you',
    retryable: false,
    title: 'The route does not take this method.',
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
    title: 'It was changed since you read it: read it again.',
  },
  wrong_state: { kind: 'conflict', actor: 'you', retryable: false, title: 'It is not in a state that allows this.' },
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
    title: 'This Idempotency-Key was used; its answer held a secret and is not kept.',
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
    title: 'An export of your account is being made already.',
  },
  deletion_blocked: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Something stands in the way of deleting your account.',
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
    title: 'An installation keeps its last administrator: make another person administrator first.',
  },
  quota_exceeded: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This would be more than is allowed. What is there stays.',
  },
  already_registered: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Whoever has this address is a person here.',
  },
  already_invited: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'This address has an open invitation: send it again, or revoke it.',
  },
  not_oneself: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'Nobody does this to their own account: ask another administrator.',
  },
  last_owner: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'A project keeps its last owner: make another member owner first.',
  },
  already_member: { kind: 'conflict', actor: 'you', retryable: false, title: 'Whoever has this address is a member.' },
  invitation_of_another: {
    kind: 'forbidden',
    actor: 'you',
    retryable: false,
    title: 'The invitation was sent to another address than yours.',
  },
  limit_reached: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'There are as many as there may be: end one first.',
  },
  in_use: { kind: 'conflict', actor: 'you', retryable: false, title: 'Something still waits for it.' },
  media_not_usable: {
    kind: 'conflict',
    actor: 'you',
    retryable: false,
    title: 'A medium failed processing or was deleted.',
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
    title: 'The numbers were refreshed a moment ago.',
  },
  too_many_requests: { kind: 'too-many', actor: 'you', retryable: true, title: 'Too many requests.' },
  platform_rejected: { kind: 'platform', actor: 'platform', retryable: false, title: 'The platform refused.' },
  platform_unavailable: {
    kind: 'platform',
    actor: 'platform',
    retryable: true,
    title: 'The platform does not answer.',
  },
  address_not_allowed: { kind: 'invalid', actor: 'you', retryable: false, title: 'This address may not be fetched.' },
  database_unavailable: {
    kind: 'unavailable',
    actor: 'us',
    retryable: true,
    title: 'The database is away. Nothing was lost.',
  },
  internal: { kind: 'internal', actor: 'us', retryable: true, title: 'Something went wrong on our side.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;
