import { hashToken } from '../../../shared/auth/tokens.ts';
import type { Cell, Rows } from './row.ts';

export const invitations: Rows = {
  listInvitations: { is: 'projectManage' },
  getInvitation: { is: 'projectManage' },
  createInvitation: { is: 'projectManage' },
  resendInvitation: { is: 'projectManage' },
  revokeInvitation: { is: 'projectManage' },
  showInvitation: { is: 'public' },
  readInvitation: { is: 'public' },
  acceptInvitation: { is: 'self', ask: invited },
  declineInvitation: { is: 'public', ask: invited },
};

/** An invitation of the caller; of somebody who has no account where the caller has none. */
async function invited({ snapshot, seed, people, caller }: Cell) {
  const token = 'i'.repeat(43);
  const text = `insert into project_invitations (project_id, email, role, token_hash) values ($1, $2, 'viewer', $3)`;
  const person = caller === 'unproven' ? people.owner : people[caller];
  const email = person?.email ?? 'nobody@example.com';
  await snapshot.force('project_invitations', text, [seed.projectId, email, hashToken(token)]);
  return { stranger: 'own' as const, bodies: [{ token }] };
}
