/** Rows of SMMP: what a post says of its publications agrees with them. */
import { randomUUID } from 'node:crypto';
import type { SeedRow } from './fill.ts';

const [ada, ben] = [randomUUID(), randomUUID()];
const account = randomUUID();

export const rows: readonly SeedRow[] = [
  ['users', { id: ada, email: 'ada@smmp.example', role: 'viewer' }],
  ['users', { id: ben, email: 'Ben@SMMP.example', role: 'admin', isActive: true }],
  ['social_accounts', { id: account, userId: ada, platform: 'instagram', status: 'expired', health: 'degraded' }],
];
