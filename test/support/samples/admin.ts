import type { Cast } from '../people.ts';
import type { Rows, Sample, Samples } from './sample.ts';

/** The owner is no administrator: to them as to everybody these doors lead nowhere. */
const refused = { stranger: 'missing', owner: [404, 'not_found'] } as const;

export function adminSamples({ owner, stranger, projectId }: Cast & { readonly projectId: string }): Samples {
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
  const invitationId = owner.id; // of none
  const installation: Rows = {
    getSettings: { ...refused },
    updateSettings: {
      ...refused,
      bodies: [{ registration: 'open', quotas: { user: { projects: null }, project: { accounts: 5 } } }],
    },
    createUserInvitation: { ...refused, bodies: [{ email: 'invited@example.com', role: 'user' }] },
    listUserInvitations: { ...refused },
    resendUserInvitation: { ...refused, params: { invitationId } },
    revokeUserInvitation: { ...refused, params: { invitationId } },
    showJoin: { stranger: 'own', params: { token: 'x'.repeat(43) } },
    listOwnerlessProjects: { ...refused },
    handOverProject: { ...refused, params: { projectId }, bodies: [{ userId: stranger.id, role: 'viewer' }] },
    getUserQuotas: about(),
    getProjectQuotas: { ...refused, params: { projectId } },
    setUserQuotas: about({ bodies: [{ projects: 5, accounts: null, storageBytes: 1_000, postsPerDay: 3 }] }),
    setProjectQuotas: {
      ...refused,
      params: { projectId },
      bodies: [{ members: 5, accounts: 5, storageBytes: null, postsPerDay: 3 }],
    },
  };
  const name = { params: { name: 'nowhere' } };
  const provider = {
    name: 'nowhere',
    issuer: 'https://id.example.com',
    label: 'Nowhere',
    clientId: 'x',
    clientSecret: 'y',
    scopes: ['openid'],
    returnOrigins: ['https://app.example.com'],
  };
  const identityProviders: Rows = {
    listIdentityProviders: { ...refused },
    getIdentityProvider: about(name),
    createIdentityProvider: about({ params: {}, bodies: [provider] }),
    updateIdentityProvider: about({
      ...name,
      bodies: [{ label: 'Somewhere', scopes: provider.scopes, returnOrigins: provider.returnOrigins }],
    }),
    removeIdentityProvider: about(name),
  };
  const params = { platform: 'threads' };
  const platforms: Rows = {
    listPlatformSettings: { ...refused },
    getPlatform: { ...refused, params },
    updatePlatform: { ...refused, params, bodies: [{ enabled: true }] },
    setPlatformApp: { ...refused, params, bodies: [{ clientId: 'id', clientSecret: 'secret' }] },
    deletePlatformApp: { ...refused, params },
  };
  return { reads: { ...people, ...installation, ...platforms, ...identityProviders } };
}
