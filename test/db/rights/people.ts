/** Whom the expectations of row-level security are about, besides nobody, the worker and reporting. */
export const members = ['viewer', 'reviewer', 'approver', 'editor', 'owner'] as const;
/** The follower follows everybody in `own`; moderator and admin are of the whole installation. */
export const outsiders = ['stranger', 'follower', 'moderator', 'admin'] as const;
export const people = [...outsiders, ...members] as const;
export type PersonName = (typeof people)[number];
