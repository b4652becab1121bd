import type { Cast } from '../people.ts';
import type { Rows, Sample, Samples } from './sample.ts';

/** The owner is no administrator: to them as to everybody these doors lead nowhere. */
const refused = { stranger: 'missing', owner: [404, 'not_found'] } as const;

export function adminSamples({ owner }: Cast): Samples {
  const about = (more: Partial<Sample> = {}): Sample => ({ params: { userId: owner.id }, ...refused, ...more });
  const people: Rows = {
    listUsers: { ...refused },
    getUser: about(),
    changeUserRole: about({ bodies: [{ role: 'moderator' }] }),
    deactivateUser: about({ bodies: [{ reason: 'Sends what nobody asked for' }] }),
    reactivateUser: about(),
    signOutUser: about(),
    unlockUser: about(),
    verifyUserEmail: about(),
    demandNewPassword: about(),
    deleteUser: about(),
  };
  return { reads: people };
}
