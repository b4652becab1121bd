import type { Cast } from '../people.ts';
import type { World } from '../world.ts';
import type { Samples } from './sample.ts';

export interface MeSeed {
  /** An export of the owner that is ready. */
  readonly exportId: string;
}

/** Without its file: what is answered is its address. */
export async function seedMe(world: World, { owner }: Cast): Promise<MeSeed> {
  const text = `insert into account_exports (user_id, state, completed_at, expires_at, parts, bytes)
    values ($1, 'ready', app.now(), app.now() + interval '7 days', '[{"number": 1, "bytes": 10}]', 10) returning id`;
  const [row] = await world.sql(text, [owner.id]);
  return { exportId: String(row?.id) };
}

export function meSamples({ exportId }: MeSeed): Samples {
  const stranger = 'own';
  const profile = { displayName: 'Walker', givenName: 'W.', familyName: 'Alker', bio: 'Walks' };
  const preferences = {
    timeZone: 'Europe/Berlin',
    defaultPostingTime: '09:30',
    emailNotifications: true,
    postFailureAlerts: true,
    aiOptimization: false,
    contentTone: 'dry',
    extra: { theme: 'dark' },
  };
  return {
    reads: {
      getMe: { stranger },
      getPreferences: { stranger },
      getMyUsage: { stranger },
      getExport: { params: { exportId }, stranger: 'missing' },
      getExportPart: { params: { exportId, number: '1' }, stranger: 'missing' },
      listExports: { stranger: 'empty' },
    },
    writes: {
      createAvatar: { bodies: [{ mimeType: 'image/png', bytes: 1_000 }], stranger },
      updateMe: { bodies: [profile, { username: null, bio: null, givenName: null, familyName: null }], stranger },
      updatePreferences: { bodies: [preferences, { timeZone: null }], stranger },
      createExport: { stranger },
    },
    ends: {
      deleteAvatar: { stranger },
      deleteExport: { params: { exportId }, stranger: 'missing' },
      requestDeletion: { bodies: [{ deleteProjects: [], cancelPending: false }], stranger },
      cancelDeletion: { stranger },
    },
  };
}
