import { randomUUID } from 'node:crypto';
import { addRow } from '../seed.ts';
import type { Fill, RightsTable } from './format.ts';

export const rights: RightsTable = {
  mfa_factors: {
    key: 'user_id',
    verbs: { select: { signedIn: 'me' }, update: { signedIn: 'me' } },
    set: 'name = name',
  },
  sign_in_tickets: { key: "'some'", verbs: { select: { worker: 'some' }, delete: { worker: 'some' } } },
  identity_providers: {
    key: 'name',
    verbs: {
      select: { signedIn: '', admin: 'somewhere' },
      insert: { signedIn: '', admin: 'elsewhere' },
    },
    set: 'is_enabled = is_enabled',
    add: () => ({ elsewhere: { name: 'elsewhere', ...provider } }),
  },
  provider_sign_ins: { key: "'some'", verbs: { select: { worker: 'some' }, delete: { worker: 'some' } } },
  proof_tries: { key: "'some'", verbs: {}, set: 'failures = failures' },
};

const provider = {
  label: 'Somewhere',
  issuer: 'https://id.example.com',
  client_id: 'posthaste',
  client_secret_sealed: 'x',
  scopes: ['openid'],
  return_origins: [],
  is_enabled: true,
};

export const fill: Fill = async (sql, world) => {
  await addRow(sql, 'identity_providers', { name: 'somewhere', ...provider }, 'name');
  const { userId } = world.people.owner;
  const begun = { provider: 'somewhere', purpose: 'link', user_id: userId, return_to: 'https://app.example.com/' };
  await addRow(sql, 'provider_sign_ins', { ...begun, start_hash: randomUUID(), code_challenge: 'x' });
  for (const { userId } of [...Object.values(world.people), world.rival]) {
    const own = { user_id: userId };
    await addRow(sql, 'mfa_factors', { ...own, kind: 'totp', secret_sealed: 'x' });
    await addRow(sql, 'mfa_factors', { ...own, kind: 'recovery', code_hashes: ['x'] });
    await addRow(sql, 'sign_in_tickets', { ...own, token_hash: randomUUID() });
    await addRow(sql, 'proof_tries', own, 'user_id');
  }
};
