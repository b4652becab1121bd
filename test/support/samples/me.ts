import type { Samples } from './sample.ts';

export function meSamples(): Samples {
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
    reads: { getMe: { stranger }, getPreferences: { stranger }, getMyUsage: { stranger } },
    writes: {
      createAvatar: { bodies: [{ mimeType: 'image/png', bytes: 1_000 }], stranger },
      updateMe: { bodies: [profile, { username: null, bio: null, givenName: null, familyName: null }], stranger },
      updatePreferences: { bodies: [preferences, { timeZone: null }], stranger },
    },
    ends: { deleteAvatar: { stranger } },
  };
}
