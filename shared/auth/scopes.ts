/** What an API key may be allowed to do. `write` holds `read`. */

const areas = ['projects', 'accounts', 'media', 'posts', 'content', 'analytics', 'community'] as const;

export const scopes = areas.flatMap((area) => [`${area}:read`, `${area}:write`] as const);
export type Scope = (typeof scopes)[number];
