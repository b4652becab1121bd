/**
 * The statements of a set. Row `n` of a table is a function of `n` and of the set alone (and of the day it is loaded), so every
 * statement can refer to rows of another without looking them up, and can be cut anywhere into batches.
 */
import { domainOf, idOf, type Kind, type SeedSet, seedTags } from './sets.ts';

export interface SeedStep {
  readonly table: Kind | 'project_collaborators';
  /** Rows are made for n = 1 … count. */
  readonly count: number;
  /** With `:base`, `:first` and `:last`. */
  readonly sql: string;
}

/** A number from 0 up to 2^28 that looks like chance and is not. */
const chance = (set: SeedSet, about: string, n: string) =>
  `('x' || substr(md5('${set.digit} ${about} ' || (${n})), 1, 7))::bit(28)::integer`;
const pick = (set: SeedSet, about: string, n: string, from: readonly string[]) =>
  `(array[${from.map((word) => `'${word.replaceAll("'", "''")}'`).join(', ')}])[1 + ${chance(set, about, n)} % ${from.length}]`;

const BASE = ':base::timestamptz';
const ROWS = 'generate_series(:first::integer, :last::integer) as g (n)';

const given = [
  'Ada',
  'Ben',
  'Carla',
  'Dmitri',
  'Elif',
  'Femi',
  'Grace',
  'Hiro',
  'Ines',
  'Jonas',
  'Kavya',
  'Liam',
  'Mei',
  'Noor',
];
const family = [
  'Adeyemi',
  'Bauer',
  'Costa',
  'Dubois',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Hansen',
  'Ito',
  'Kaya',
  'Lindqvist',
];
const firms = [
  'Harbour Coffee',
  'North Trail',
  'Studio Linden',
  'Tide Kitchen',
  'Paper Kite',
  'Granite Gym',
  'Blue Door Books',
];
const openings = [
  'Fresh today',
  'A look behind the scenes',
  'Three things we learned',
  'Save the date',
  'New in the shop',
  'Thank you',
];
const middles = [
  'what the first customers said',
  'how we roast on Mondays',
  'a walk along the coast',
  'our favourite recipe for autumn',
  'the story of a small workshop',
  'five minutes with the people who make it',
];
const replies = [
  'Love this!',
  'When do you open?',
  'Beautiful work',
  'Will you ship to Norway?',
  'See you there',
  'So good',
];

/** What the statements are made of: SQL over `n`, the number of a row, or over another number that is given. */
function termsOf(set: SeedSet) {
  const { size } = set;
  const userAt = (n: string) => `${BASE} - interval '300 days' + (${n}) * interval '1 hour'`;
  const projectAt = (n: string) => `${BASE} - interval '200 days' + (${n}) * interval '1 hour'`;
  // Post n is number k of project p. The last two of each are a draft and one that is due.
  const perProject = size.posts + 2;
  const p = `1 + (n - 1) / ${perProject}`;
  const k = `(n - 1) % ${perProject}`;
  const minutesApart = Math.floor((60 * 24 * 58) / perProject);
  const postAt = `${BASE} - interval '60 days' + (${k}) * interval '${minutesApart} minutes' + ${chance(set, 'minute', 'n')} % 600 * interval '1 second'`;
  const isPast = `${k} < ${size.posts}`;
  const isDraft = `${k} = ${size.posts}`;
  const dueAt = `case when ${isPast} then ${postAt} + interval '2 hours' when ${isDraft} then null else ${BASE} + interval '30 days' end`;
  const failed = `${chance(set, 'fate', 'n')} % 40 = 0`;
  return {
    set,
    size,
    userAt,
    projectAt,
    user: (n: string) => idOf(set, 'users', n, userAt(n)),
    project: (n: string) => idOf(set, 'projects', n, projectAt(n)),
    account: (n: string) => idOf(set, 'social_accounts', n, projectAt(n)),
    /** Person number `place` of those who look after project `of`. */
    member: (of: string, place: number) => `1 + ((${of}) * 3 + ${place}) % ${size.people}`,
    posts: size.projects * perProject,
    p,
    postAt,
    isPast,
    isDraft,
    dueAt,
    failed,
    published: `${isPast} and not ${failed}`,
    post: idOf(set, 'posts', 'n', postAt),
    publication: idOf(set, 'post_publications', 'n', postAt),
    communityPost: idOf(set, 'community_posts', 'n', `${postAt} + interval '2 hours'`),
    text: [
      pick(set, 'opening', 'n', openings),
      `' - '`,
      pick(set, 'middle', 'n', middles),
      `'. #'`,
      pick(set, 'tag', 'n', seedTags),
      `' #'`,
      pick(set, 'tag2', 'n', seedTags),
    ].join(' || '),
    likes: `(${chance(set, 'reach', 'n')} % 400)`,
    /** `count` rows (`i`, in all `m`) for each `n`. */
    spread: (count: number) =>
      `(select (g.n - 1) / ${count} + 1 as n, (g.n - 1) % ${count} as i, g.n as m from ${ROWS}) r`,
    passerBy: (about: string) => `1 + (${chance(set, about, 'n')} + i * 7) % ${size.people}`,
  };
}
type Terms = ReturnType<typeof termsOf>;

/** In the order in which they refer to each other. */
export function stepsOf(set: SeedSet, passwordHash: string | null): SeedStep[] {
  const terms = termsOf(set);
  const steps = [...tenantSteps(terms, passwordHash), ...postSteps(terms), ...communitySteps(terms)];
  return steps.filter(({ count }) => count > 0);
}

function tenantSteps(
  { set, size, userAt, projectAt, user, project, account, member, spread }: Terms,
  passwordHash: string | null,
): SeedStep[] {
  const members = Math.min(3, size.people);
  const memberAt = Array.from({ length: members }, (_, place) => `when ${place} then ${user(member('n', place))}`);
  return [
    {
      table: 'users',
      count: size.people,
      sql: `insert into users (id, email, password_hash, display_name, given_name, family_name, username, email_verified_at, created_at, updated_at)
        select ${user('n')}, 'person' || n || '@${domainOf(set)}', ${passwordHash === null ? 'null' : `'${passwordHash}'`}, a || ' ' || b, a, b,
          lower(a || '_${set.digit}_' || n), ${userAt('n')}, ${userAt('n')}, ${userAt('n')}
        from (select n, ${pick(set, 'given', 'n', given)} as a, ${pick(set, 'family', 'n', family)} as b from ${ROWS}) r`,
    },
    {
      table: 'projects',
      count: size.projects,
      sql: `insert into projects (id, name, description, time_zone, created_by, created_at, updated_at, metadata, type)
        select ${project('n')}, ${pick(set, 'firm', 'n', firms)} || ' ' || n, 'Made up, of the seed set ${set.name}.', 'Europe/Berlin',
          ${user(member('n', 0))}, ${projectAt('n')}, ${projectAt('n')}, '{"seed": "${set.name}"}', 'campaign'
        from ${ROWS}`,
    },
    {
      table: 'project_collaborators',
      count: size.projects * members,
      sql: `insert into project_collaborators (project_id, user_id, role, created_at)
        select ${project('n')}, case i ${memberAt.join(' ')} end,
          (array['owner', 'editor', 'reviewer'])[1 + i], ${projectAt('n')}
        from ${spread(members)}`,
    },
    {
      table: 'social_accounts',
      count: size.projects,
      sql: `insert into social_accounts (id, project_id, platform, platform_account_id, handle, display_name, base_url, connected_by, connected_at, created_at, updated_at)
        select ${account('n')}, ${project('n')}, 'community', 'seed-${set.digit}-' || n, 'seed_${set.digit}_' || n, ${pick(set, 'firm', 'n', firms)}, '',
          ${user(member('n', 0))}, ${projectAt('n')}, ${projectAt('n')}, ${projectAt('n')}
        from ${ROWS}`,
    },
    {
      table: 'content',
      count: size.projects,
      sql: `insert into content (id, project_id, created_by, title, description, body, status, language, tags, created_at, updated_at)
        select ${idOf(set, 'content', 'n', projectAt('n'))}, ${project('n')}, ${user(member('n', 0))}, initcap(${pick(set, 'middle', 'n', middles)}),
          'A plan for the next weeks', ${pick(set, 'opening', 'n', openings)} || '. ' || ${pick(set, 'middle2', 'n', middles)} || '.', 'active', 'en', '{plan}',
          ${projectAt('n')}, ${projectAt('n')}
        from ${ROWS}`,
    },
  ];
}

function postSteps({
  set,
  size,
  project,
  account,
  user,
  member,
  posts,
  p,
  postAt,
  isPast,
  isDraft,
  dueAt,
  failed,
  published,
  post,
  publication,
  communityPost,
  text,
  likes,
  spread,
}: Terms): SeedStep[] {
  const author = member(p, 0);
  return [
    {
      table: 'posts',
      count: posts,
      sql: `insert into posts (id, project_id, created_by, text, schedule_type, due_at, language, created_at, updated_at)
        select ${post}, ${project(p)}, ${user(author)}, ${text}, case when ${isDraft} then 'draft' else 'at' end, ${dueAt}, 'en', ${postAt}, ${postAt}
        from ${ROWS}`,
    },
    {
      table: 'post_publications',
      count: posts,
      sql: `insert into post_publications (id, project_id, post_id, account_id, platform, state, due_at, generation, attempts, scheduled_at, published_at,
          platform_post_id, platform_published_at, failed_at, failure_class, failure_message, likes, comments, shares, views, metrics_at, created_at, updated_at)
        select ${publication}, ${project(p)}, ${post}, ${account(p)}, 'community',
          case when ${published} then 'published' when ${isPast} then 'failed' when ${isDraft} then 'draft' else 'scheduled' end,
          ${dueAt}, (${isPast})::integer, (${isPast})::integer, case when not ${isDraft} then ${postAt} end, case when ${published} then ${dueAt} end,
          case when ${published} then ${communityPost}::text end, case when ${published} then ${dueAt} end,
          case when ${isPast} and ${failed} then ${dueAt} end, case when ${isPast} and ${failed} then 'account-restricted' end,
          case when ${isPast} and ${failed} then 'The account may not post at the moment.' end,
          case when ${published} then ${likes} end, case when ${published} then ${likes} / 9 end, case when ${published} then ${likes} / 20 end,
          case when ${published} then ${likes} * 21 end, case when ${published} then ${dueAt} + interval '1 day' end, ${postAt}, ${postAt}
        from ${ROWS}`,
    },
    {
      table: 'publication_attempts',
      count: posts,
      sql: `insert into publication_attempts (id, project_id, publication_id, account_id, kind, generation, lease_token, started_at, commit_started_at, finished_at, outcome)
        select ${idOf(set, 'publication_attempts', 'n', dueAt)}, ${project(p)}, ${publication}, ${account(p)}, 'publish', 1, ${publication},
          ${dueAt}, ${dueAt}, ${dueAt} + interval '1 second', case when ${failed} then 'failed' else 'published' end
        from ${ROWS} where ${isPast}`,
    },
    {
      table: 'community_posts',
      count: posts,
      sql: `insert into community_posts (id, project_id, publication_id, account_id, author_id, text, visibility, created_at, updated_at)
        select ${communityPost}, ${project(p)}, ${publication}, ${account(p)}, ${user(author)}, ${text},
          (array['public', 'public', 'public', 'followers_only', 'unlisted', 'private'])[1 + ${chance(set, 'seen', 'n')} % 6], ${dueAt}, ${dueAt}
        from ${ROWS} where ${published}`,
    },
    {
      table: 'analytics',
      count: posts * size.snapshots,
      sql: `insert into analytics (id, project_id, publication_id, account_id, platform, fetched_at, likes, comments, shares, views)
        select ${idOf(set, 'analytics', 'm', dueAt)}, ${project(p)}, ${publication}, ${account(p)}, 'community', ${dueAt} + (i + 1) * interval '3 hours',
          ${likes} * (i + 1) / ${size.snapshots}, ${likes} / 9 * (i + 1) / ${size.snapshots}, ${likes} / 20 * (i + 1) / ${size.snapshots},
          ${likes} * 21 * (i + 1) / ${size.snapshots}
        from ${spread(size.snapshots)} where ${published} and ${dueAt} + (i + 1) * interval '3 hours' < ${BASE} + interval '1 day'`,
    },
  ];
}

function communitySteps({
  set,
  size,
  user,
  posts,
  dueAt,
  published,
  communityPost,
  spread,
  passerBy,
}: Terms): SeedStep[] {
  const followedAt = `${BASE} - interval '50 days' + m % 60000 * interval '1 minute'`;
  return [
    {
      table: 'comments',
      count: posts * size.comments,
      sql: `insert into comments (id, community_post_id, author_id, text, created_at, updated_at)
        select ${idOf(set, 'comments', 'm', dueAt)}, ${communityPost}, ${user(passerBy('voice'))}, ${pick(set, 'reply', 'm', replies)},
          ${dueAt} + (i + 1) * interval '11 minutes', ${dueAt} + (i + 1) * interval '11 minutes'
        from ${spread(size.comments)} where ${published} and i < ${chance(set, 'talk', 'n')} % ${size.comments + 1}`,
    },
    {
      table: 'user_engagement',
      count: posts * size.likes,
      sql: `insert into user_engagement (id, user_id, community_post_id, type, created_at)
        select ${idOf(set, 'user_engagement', 'm', dueAt)}, ${user(passerBy('fan'))}, ${communityPost}, 'like', ${dueAt} + (i + 1) * interval '7 minutes'
        from ${spread(size.likes)} where ${published} and i < ${chance(set, 'warm', 'n')} % ${size.likes + 1}
        on conflict do nothing`,
    },
    {
      table: 'user_followers',
      count: size.people * size.follows,
      sql: `insert into user_followers (id, follower_id, following_id, created_at)
        select ${idOf(set, 'user_followers', 'm', followedAt)}, ${user('n')}, ${user(`1 + (n + i * i + i) % ${size.people}`)}, ${followedAt}
        from ${spread(size.follows)} where 1 + (n + i * i + i) % ${size.people} <> n
        on conflict do nothing`,
    },
    {
      table: 'notifications',
      count: size.follows > 0 ? size.people : 0,
      sql: `insert into notifications (id, user_id, actor_id, kind, payload, created_at)
        select ${idOf(set, 'notifications', 'n', `${BASE} - interval '1 day'`)}, ${user('n')}, ${user(`1 + n % ${size.people}`)}, 'user.followed', '{}', ${BASE} - interval '1 day'
        from ${ROWS} where ${size.people} > 1`,
    },
  ];
}
