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
};

function idOf({ people }: Cell, name: string): string {
  return people[name]?.id ?? '';
}
