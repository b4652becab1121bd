/** One INSERT … SELECT that fills a table; `without` names a trigger that would refuse rows in the middle of their lives. */
export type CrowdStep = string | { readonly text: string; readonly without: readonly [table: string, trigger: string] };

export const crowdSize = { projects: 300, posts: 9_000, users: 3_000 } as const;
