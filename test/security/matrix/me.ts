import type { Rows } from './row.ts';

export const me: Rows = {
  getMe: { is: 'self' },
  getMyUsage: { is: 'self' },
  updateMe: { is: 'self' },
  getPreferences: { is: 'self' },
  updatePreferences: { is: 'self' },
  createAvatar: { is: 'self' },
  deleteAvatar: { is: 'self' },
  createExport: { is: 'self' },
  listExports: { is: 'personalList' },
  getExport: { is: 'personal' },
  getExportPart: { is: 'personal' },
  deleteExport: { is: 'personal' },
  requestDeletion: {
    is: 'self',
    // There is no other administrator.
    but: { admin: [409, 'last_admin'] },
    // The owner's projects have other members and no other owner.
    ask: async ({ sample, world, seed, caller }) => {
      if (caller !== 'owner') return sample;
      const projects = await world.sql('select id from projects where created_by = $1', [seed.owner.id]);
      return { ...sample, bodies: [{ deleteProjects: projects.map(({ id }) => id), cancelPending: true }] };
    },
  },
  cancelDeletion: { is: 'self' },
};
