/** The sets of made-up rows: how many of each, and how their rows are known again. */

export interface SeedSize {
  readonly people: number;
  readonly projects: number;
  /** Per project, over the last two months. A few more lie ahead or are drafts. */
  readonly posts: number;
  /** Per published community post, at most. */
  readonly comments: number;
  readonly likes: number;
  /** Per person. */
  readonly follows: number;
  /** Numbers fetched per publication. */
  readonly snapshots: number;
}

export interface SeedSet {
  readonly name: SeedName;
  /** One hexadecimal digit in every id. */
  readonly digit: string;
  readonly size: SeedSize;
  /** People can log in, with a password that is shown once. */
  readonly logins: boolean;
}

export const seedNames = ['minimal', 'demo', 'production-like'] as const;
export type SeedName = (typeof seedNames)[number];

export const seedSets: Readonly<Record<SeedName, SeedSet>> = {
  minimal: {
    name: 'minimal',
    digit: '1',
    size: { people: 1, projects: 1, posts: 2, comments: 0, likes: 0, follows: 0, snapshots: 1 },
    logins: true,
  },
  demo: {
    name: 'demo',
    digit: '2',
    size: { people: 12, projects: 4, posts: 40, comments: 4, likes: 8, follows: 5, snapshots: 4 },
    logins: true,
  },
  'production-like': {
    name: 'production-like',
    digit: '3',
    size: { people: 500, projects: 150, posts: 120, comments: 6, likes: 20, follows: 20, snapshots: 8 },
    logins: false,
  },
};

/** More (or fewer) of the same: people and projects grow, what belongs to one of them stays. */
export function scaled(set: SeedSet, factor: number): SeedSet {
  const times = (count: number) => Math.max(1, Math.round(count * factor));
  return { ...set, size: { ...set.size, people: times(set.size.people), projects: times(set.size.projects) } };
}

/** The table in the id, so that rows of two tables never have the same. */
export const kinds = {
  users: '001',
  projects: '002',
  social_accounts: '003',
  content: '004',
  posts: '005',
  post_publications: '006',
  publication_attempts: '007',
  analytics: '008',
  community_posts: '009',
  comments: '00a',
  user_engagement: '00b',
  user_followers: '00c',
  notifications: '00d',
} as const;
export type Kind = keyof typeof kinds;

/**
 * SQL of the id of row `n` made at `at`: a UUIDv7 as of that instant, so that lists in order of ids are in order of time; its
 * random part says that it is ours, of which set, table and number.
 */
export function idOf(set: SeedSet, kind: Kind, n: string, at: string): string {
  const ms = `lpad(to_hex((extract(epoch from ${at}) * 1000)::bigint), 12, '0')`;
  return `(${ms} || '7${kinds[kind]}a5eed${set.digit}' || lpad(to_hex((${n})::bigint), 10, '0'))::uuid`;
}

/** SQL: whether an id is one of the set's. Beside it people have an address, and projects a word, that say so. */
export function isOf(set: SeedSet, kind: Kind, column: string): string {
  return `substr(${column}::text, 15, 12) = '7${kinds[kind]}-a5ee-d${set.digit}'`;
}

export const domainOf = (set: SeedSet) => `${set.name}.seed.example`;

export const seededPeople = (set: SeedSet) =>
  `select u.id from users u where ${isOf(set, 'users', 'u.id')} and u.email like '%@${domainOf(set)}'`;
export const seededProjects = (set: SeedSet) =>
  `select p.id from projects p where ${isOf(set, 'projects', 'p.id')} and p.metadata ->> 'seed' = '${set.name}'`;

/** Hashtags of the made-up texts, without #. */
export const seedTags = ['seedlaunch', 'seedharbour', 'seedrecipe', 'seedstudio', 'seedtrail', 'seedmakers'] as const;
