/**
 * The rows of the bench: the same in every run, since every id and value comes from a number. Each person who publishes has
 * as many rows in the small database as in the large one; what grows is everybody else's.
 */
import type { Asking } from '../../db/crowd.ts';

export interface Size {
  readonly name: string;
  /** People with a project of their own. */
  readonly publishers: number;
  /** People who only follow, like and comment. */
  readonly readers: number;
  /** Snapshots of numbers per publication. */
  readonly snapshots: number;
}

const POSTS_EACH = 1_000;
/** Of a project's publications, so many are scheduled; others are done. */
const DUE_EACH = 20;
/** Those of so many projects fall due now, whatever the size: more customers post at more times, not all at once. */
const DUE_PROJECTS = 40;
/** Mails that wait, whatever the size: the sweep takes them each minute. */
const WAITING_MAILS = 40;
const ASKING = 7;

export const sizes = {
  ci: { name: 'ci', publishers: 40, readers: 160, snapshots: 4 },
  small: { name: 'small', publishers: 40, readers: 760, snapshots: 10 },
  large: { name: 'large', publishers: 1_000, readers: 19_000, snapshots: 10 },
} as const satisfies Readonly<Record<string, Size>>;

/** `bench_id(kind, n)`: a uuid that sorts by n and that every row can name without looking it up. */
export const ID_FUNCTION = `create function bench_id(kind integer, n bigint) returns uuid language sql immutable parallel safe
  as $$select (lpad(to_hex(kind), 8, '0') || '000070008' || lpad(to_hex(n), 15, '0'))::uuid$$`;

const KIND = {
  user: 1,
  session: 2,
  project: 3,
  account: 4,
  post: 5,
  publication: 6,
  community: 7,
  media: 8,
  comment: 9,
  content: 10,
} as const;
const id = (kind: keyof typeof KIND, n: string) => `bench_id(${KIND[kind]}, ${n})`;

/** Ids of the person who asks; they are the same in every size. */
export function askingOf(): Asking {
  const uuid = (kind: keyof typeof KIND, n: number) => {
    const digits = n.toString(16).padStart(15, '0');
    return `${KIND[kind].toString(16).padStart(8, '0')}-0000-7000-8${digits.slice(0, 3)}-${digits.slice(3)}`;
  };
  const post = (ASKING - 1) * POSTS_EACH + 500;
  return {
    userId: uuid('user', ASKING),
    sessionId: uuid('session', ASKING),
    projectId: uuid('project', ASKING),
    accountId: uuid('account', ASKING * 10),
    postId: uuid('post', post),
    publicationId: uuid('publication', post * 2),
    mediaId: uuid('media', ASKING * 10),
    communityPostId: uuid('community', post),
    commentId: uuid('comment', post),
  };
}

export interface Step {
  readonly table: string;
  readonly text: string;
}

/** Post n belongs to this project. */
const OWNER = `(n - 1) / ${POSTS_EACH} + 1`;
/** Posts are spread over 170 days, the newest an hour old. */
const SAID = `app.now() - interval '1 hour' - ((n * 7919) % 244800) * interval '1 minute'`;
/** The n-th post's place in its project. */
const SEAT = `(n - 1) % ${POSTS_EACH}`;

/** What is loaded, in an order that needs no reference to be there yet. */
export function stepsOf({ publishers, readers, snapshots }: Size): Step[] {
  const people = publishers + readers;
  const posts = publishers * POSTS_EACH;
  return [
    step(
      'users',
      `insert into users (id, email, password_hash, display_name, email_verified_at)
      select ${id('user', 'n')}, 'person' || n || '@example.com', 'none', 'Person ' || n, app.now() from generate_series(1::bigint, ${people}) n`,
    ),
    step(
      'user_sessions',
      `insert into user_sessions (id, user_id, refresh_hash)
      select ${id('session', 'n')}, ${id('user', 'n')}, 'hash of person' || n || '@example.com' from generate_series(1::bigint, ${people}) n`,
    ),
    step(
      'projects',
      `insert into projects (id, name, created_by)
      select ${id('project', 'n')}, 'Project ' || n, ${id('user', 'n')} from generate_series(1::bigint, ${publishers}) n`,
    ),
    step(
      'project_collaborators',
      `insert into project_collaborators (project_id, user_id, role)
      select ${id('project', `(n + k) % ${publishers} + 1`)}, ${id('user', `n % ${publishers} + 1`)}, case k when 0 then 'owner' else 'viewer' end
      from generate_series(0, ${publishers - 1}) n, generate_series(0, 2) k`,
    ),
    step(
      'social_accounts',
      `insert into social_accounts (id, project_id, platform, platform_account_id, handle, base_url)
      select ${id('account', 'n * 10 + k')}, ${id('project', 'n')}, (array['community', 'threads', 'mastodon'])[k + 1], n || '-' || k,
        'handle-' || n, 'https://' || (array['community', 'threads', 'mastodon'])[k + 1] || '.example'
      from generate_series(1::bigint, ${publishers}) n, generate_series(0, 2) k`,
    ),
    step(
      'account_tokens',
      `insert into account_tokens (account_id, project_id, access_token_sealed, refresh_token_sealed, expires_at)
      select id, project_id, 'x', 'x', app.now() + interval '30 days' from social_accounts`,
    ),
    step(
      'media',
      `insert into media (id, project_id, file_name, declared_mime_type, declared_bytes, upload_key, status, kind, mime_type, width, height)
      select ${id('media', 'n * 10 + k')}, ${id('project', 'n')}, 'a.jpg', 'image/jpeg', 1, n || '/' || k, 'ready', 'image', 'image/jpeg', 1, 1
      from generate_series(1::bigint, ${publishers}) n, generate_series(0, 9) k`,
    ),
    step(
      'media_renditions',
      `insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256)
      select id, project_id, 'original', 'k', 'image/jpeg', 1, 1, 1, 'x' from media`,
    ),
    step(
      'posts',
      `insert into posts (id, project_id, text, schedule_type, due_at, external_id, created_at, updated_at)
      select ${id('post', 'n')}, ${id('project', OWNER)}, ${words('n')} || ' #topic' || n % 1000, 'at', ${SAID}, 'x' || n, ${SAID}, ${SAID}
      from generate_series(1::bigint, ${posts}) n`,
    ),
    step('post_publications', publications(posts)),
    step(
      'post_media',
      `insert into post_media (project_id, post_id, media_id, position)
      select ${id('project', OWNER)}, ${id('post', 'n')}, ${id('media', `(${OWNER}) * 10 + n % 10`)}, 0 from generate_series(1::bigint, ${posts}, 10) n`,
    ),
    step(
      'publication_attempts',
      `insert into publication_attempts
        (project_id, publication_id, account_id, kind, generation, lease_token, outcome, started_at, commit_started_at, finished_at)
      select pp.project_id, pp.id, pp.account_id, 'publish', 1, pp.id, 'published', pp.published_at, pp.published_at, pp.published_at
      from post_publications pp where pp.state = 'published'`,
    ),
    step(
      'analytics',
      `insert into analytics (project_id, publication_id, account_id, platform, fetched_at, likes, comments, shares, views)
      select pp.project_id, pp.id, pp.account_id, pp.platform, pp.published_at + k * interval '3 hours', k * 3, k, k / 2, k * 40
      from post_publications pp, generate_series(1, ${snapshots}) k where pp.state = 'published'`,
    ),
    step(
      'community_posts',
      `insert into community_posts (id, project_id, publication_id, account_id, text, visibility, created_at)
      select ${id('community', 'n')}, ${id('project', OWNER)}, ${id('publication', 'n * 2')}, ${id('account', `(${OWNER}) * 10`)},
        ${words('n')} || ' #topic' || n % 1000, case when n % 10 = 0 then 'private' else 'public' end, ${SAID}
      from generate_series(1::bigint, ${posts}) n where ${SEAT} >= ${DUE_EACH}`,
    ),
    step(
      'comments',
      `insert into comments (id, community_post_id, author_id, text, created_at)
      select ${id('comment', 'n')}, ${id('community', 'n')}, ${id('user', `(n * 31) % ${people} + 1`)}, ${words('n')}, ${SAID}
      from generate_series(1::bigint, ${posts}) n where ${SEAT} >= ${DUE_EACH}`,
    ),
    step(
      'user_engagement',
      `insert into user_engagement (user_id, community_post_id, type, created_at)
      select ${id('user', `(n * 17 + k * 13) % ${people} + 1`)}, ${id('community', 'n')}, (array['like', 'like', 'like', 'view', 'share'])[k + 1], ${SAID}
      from generate_series(1::bigint, ${posts}) n, generate_series(0, 4) k where ${SEAT} >= ${DUE_EACH}`,
    ),
    // The person who asks follows as many in every size.
    step(
      'user_followers',
      `insert into user_followers (follower_id, following_id)
      select ${id('user', 'n')}, ${id('user', 'f')} from generate_series(1::bigint, ${people}) n,
        lateral (select distinct (n * 101 + k * 37) % ${publishers} + 1 as f from generate_series(1, case when n = ${ASKING} then 15 else 110 end) k) s
      where f <> n`,
    ),
    step('hashtags', `insert into hashtags (tag) select 'topic' || n from generate_series(0, 999) n`),
    step(
      'post_hashtags',
      `insert into post_hashtags (project_id, post_id, tag)
      select ${id('project', OWNER)}, ${id('post', 'n')}, 'topic' || n % 1000 from generate_series(1::bigint, ${posts}) n`,
    ),
    step(
      'community_hashtags',
      `insert into community_hashtags (community_post_id, tag)
      select ${id('community', 'n')}, 'topic' || n % 1000 from generate_series(1::bigint, ${posts}) n where ${SEAT} >= ${DUE_EACH} and n % 10 <> 0`,
    ),
    step(
      'content',
      `insert into content (id, project_id, created_by, title, body, created_at, updated_at)
      select ${id('content', 'n')}, ${id('project', `(n - 1) / 200 + 1`)}, ${id('user', `(n - 1) / 200 + 1`)}, 'Plan ' || n,
        ${words('n')} || ' #topic' || n % 1000, ${SAID}, ${SAID} from generate_series(1::bigint, ${publishers * 200}) n`,
    ),
    step(
      'outbox_events',
      `insert into outbox_events (kind, payload, dispatched_at)
      select 'mail', '{}', case when n > ${WAITING_MAILS} then app.now() - interval '1 day' end from generate_series(1::bigint, ${people}) n`,
    ),
    step(
      'idempotency_keys',
      `insert into idempotency_keys (caller, route, key, body_hash)
      select ${id('user', 'n')}::text, 'POST /v1/posts', 'key', 'hash' from generate_series(1::bigint, ${people}) n`,
    ),
  ];
}

/** Two for each post: the first of a project are due within the next minutes, the others are published. */
function publications(posts: number): string {
  const done = `${SEAT} >= ${DUE_EACH}`;
  return `insert into post_publications (id, project_id, post_id, account_id, platform, state, due_at, platform_post_id,
      commit_started_at, published_at, likes, comments, shares, views, metrics_at, next_metrics_at, created_at, updated_at)
    select ${id('publication', 'n * 2 + k')}, ${id('project', OWNER)}, ${id('post', 'n')}, ${id('account', `(${OWNER}) * 10 + k`)},
      (array['community', 'threads'])[k + 1], case when ${done} then 'published' else 'scheduled' end,
      case when ${done} then ${SAID} else app.now() + case when n > ${DUE_PROJECTS * POSTS_EACH} then interval '3 days' else interval '-1 second' end * (1 + n % 60) end,
      case when ${done} then n || '-' || k end, case when ${done} then ${SAID} end, case when ${done} then ${SAID} end,
      case when ${done} then 30 end, case when ${done} then 10 end, case when ${done} then 5 end, case when ${done} then 400 end,
      case when ${done} then app.now() - interval '2 hours' end, case when ${done} then app.now() + interval '1 day' end, ${SAID}, ${SAID}
    from generate_series(1::bigint, ${posts}) n, generate_series(0, 1) k`;
}

/** Six words of a vocabulary of some thousand. */
function words(n: string): string {
  const list = ['7', '11', '13', '17', '19', '23'].map((prime) => `'word' || (${n} * ${prime}) % 4999`);
  return `concat_ws(' ', ${list.join(', ')})`;
}

function step(table: string, text: string): Step {
  return { table, text };
}
