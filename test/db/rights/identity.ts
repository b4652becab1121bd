import { EVERYONE, type RightsTable } from './format.ts';

export const rights: RightsTable = {
  idempotency_keys: {
    key: "'own'",
    verbs: { select: { worker: 'own' }, delete: { worker: 'own' } },
    set: 'answer = null',
  },
  users: {
    key: 'id',
    verbs: { select: { signedIn: 'me', worker: EVERYONE }, update: { signedIn: 'me' } },
    set: 'display_name = display_name',
  },
  user_sessions: {
    key: 'user_id',
    verbs: { select: { signedIn: 'me' }, update: { signedIn: 'me' } },
    set: 'revoked_at = revoked_at',
  },
  'user_sessions (id)': {
    key: "'some'",
    verbs: { select: { signedIn: 'some', worker: 'some' }, delete: { worker: 'some' } },
  },
  // An update that reads nothing is held by its own policy alone, not by the one of select.
  'users (unread)': { key: "'some'", verbs: { update: { signedIn: 'some' } }, set: "display_name = 'x'" },
  'user_sessions (unread)': { key: "'some'", verbs: { update: { signedIn: 'some' } }, set: 'revoked_at = null' },
  email_verification_tokens: { key: "'some'", verbs: { select: { worker: 'some' }, delete: { worker: 'some' } } },
};
