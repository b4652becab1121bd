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
  proof_tries: { key: "'some'", verbs: {}, set: 'failures = failures' },
};

export const fill: Fill = async (sql, world) => {
  for (const { userId } of [...Object.values(world.people), world.rival]) {
    const own = { user_id: userId };
    await addRow(sql, 'mfa_factors', { ...own, kind: 'totp', secret_sealed: 'x' });
    await addRow(sql, 'mfa_factors', { ...own, kind: 'recovery', code_hashes: ['x'] });
    await addRow(sql, 'sign_in_tickets', { ...own, token_hash: randomUUID() });
    await addRow(sql, 'proof_tries', own, 'user_id');
  }
};
