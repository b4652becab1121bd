import { randomUUID } from 'node:crypto';
import type { Cell, Rows } from './row.ts';

export const admin: Rows = {
  listUsers: { is: 'admin' },
  // The look is noted.
  getUser: { is: 'admin', writes: true },
  changeUserRole: { is: 'admin' },
  deactivateUser: { is: 'admin' },
  reactivateUser: { is: 'admin', ask: (cell) => ({ ...cell.sample, params: { userId: idOf(cell, 'deactivated') } }) },
  signOutUser: { is: 'admin' },
  unlockUser: {
    is: 'admin',
    ask: async ({ sample, snapshot, seed }) => {
      const text = `update users set locked_until = now() + interval '1 hour' where id = $1`;
      await snapshot.force('users', text, [seed.owner.id]);
      return sample;
    },
  },
  verifyUserEmail: { is: 'admin' },
  demandNewPassword: { is: 'admin' },
  deleteUser: { is: 'admin' },
  getSettings: { is: 'admin' },
  updateSettings: { is: 'admin' },
  createUserInvitation: { is: 'admin' },
  listUserInvitations: { is: 'admin', ask: invited },
  resendUserInvitation: { is: 'admin', ask: invited },
  revokeUserInvitation: { is: 'admin', ask: invited },
  // The look is noted.
  listPlatformSettings: { is: 'admin', writes: true },
  getPlatform: { is: 'admin', writes: true },
  updatePlatform: { is: 'admin' },
  setPlatformApp: { is: 'admin' },
  deletePlatformApp: { is: 'admin' },
  showJoin: { is: 'public' },
  listOwnerlessProjects: { is: 'admin', ask: withoutOwner },
  handOverProject: { is: 'admin', ask: withoutOwner },
  getUserQuotas: { is: 'admin' },
  getProjectQuotas: { is: 'admin' },
  setUserQuotas: { is: 'admin' },
  setProjectQuotas: { is: 'admin' },
  listIdentityProviders: { is: 'admin', ask: withProvider },
  getIdentityProvider: { is: 'admin', ask: withProvider },
  createIdentityProvider: { is: 'admin' },
  updateIdentityProvider: { is: 'admin', ask: withProvider },
  removeIdentityProvider: { is: 'admin', ask: withProvider },
};

async function invited({ sample, snapshot }: Cell) {
  const invitationId = randomUUID();
  const text = `insert into user_invitations (id, email, role, token_hash) values ($1, 'invited@example.com', 'user', 'x')`;
  await snapshot.force('user_invitations', text, [invitationId]);
  return { ...sample, params: { invitationId } };
}

/** Some of those who are refused are the owner, who must be there to ask. */
async function withoutOwner({ sample, snapshot, seed, expected }: Cell) {
  if (expected === 'ok') {
    await snapshot.force('users', `update users set status = 'deactivated' where id = $1`, [seed.owner.id]);
  }
  return sample;
}

async function withProvider({ sample, snapshot }: Cell) {
  const text = `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed)
    values ('nowhere', 'Nowhere', 'https://id.example.com', 'x', 'y')`;
  await snapshot.force('identity_providers', text);
  return sample;
}

function idOf({ people }: Cell, name: string): string {
  return people[name]?.id ?? '';
}
