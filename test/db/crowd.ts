/** A database in use: thousands of rows in every table that grows, a few of them the asking person's. */
import type { Sql } from './database.ts';

export const crowd = { projects: 300, posts: 9_000, users: 3_000 } as const;

/** Ids of the person who asks and of what is theirs. */
export interface Asking {
  readonly userId: string;
  readonly sessionId: string;
  readonly projectId: string;
  readonly accountId: string;
  readonly postId: string;
  readonly publicationId: string;
  readonly mediaId: string;
  readonly communityPostId: string;
  readonly commentId: string;
}

const FILL = [
  `insert into users (email, password_hash, display_name)
   select 'person' || n || '@example.com', 'none', 'Person ' || n from generate_series(1, ${crowd.users}) n`,
  `insert into user_sessions (user_id, refresh_hash) select id, 'hash of ' || email from users`,
  `insert into email_verification_tokens (user_id, token_hash) select id, 'hash of ' || email from users`,
  `insert into projects (name, created_by)
   select 'Project', id from (select id from users order by id limit ${crowd.projects}) u`,
  `insert into project_collaborators (project_id, user_id, role) select id, created_by, 'owner' from projects`,
  // Everybody may read two projects of somebody else.
  `insert into project_collaborators (project_id, user_id, role)
   select p.id, u.id, 'viewer'
   from (select id, row_number() over (order by id) as n from users) u
   join (select id, row_number() over (order by id) as n from projects) p on p.n in (u.n % ${crowd.projects} + 2, u.n % ${crowd.projects} + 3)
   on conflict do nothing`,
  `insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
   select p.id, f.name, p.id::text, 'handle-' || p.id, 'https://' || f.name || '.example' from projects p, platforms f`,
  `insert into account_tokens (project_id, account_id, access_token_sealed) select project_id, id, 'x' from social_accounts`,
  `insert into oauth_states (state_hash, user_id, project_id, platform, base_url, code_verifier_sealed)
   select 'state ' || u.id, u.id, c.project_id, 'threads', '', 'x' from users u join project_collaborators c on c.user_id = u.id
   on conflict do nothing`,
  `insert into media (project_id, file_name, declared_mime_type, declared_bytes, upload_key, status, kind, mime_type, width, height)
   select p.id, 'a.jpg', 'image/jpeg', 1, p.id || '/' || n, 'ready', 'image', 'image/jpeg', 1, 1
   from projects p, generate_series(1, 10) n`,
  `insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256)
   select id, project_id, 'original', 'k', 'image/jpeg', 1, 1, 1, 'x' from media`,
  `insert into videos (media_id, project_id, duration_ms, video_codec) select id, project_id, 1, 'h264' from media`,
  `insert into posts (project_id, text, schedule_type, due_at, external_id)
   select p.id, 'Hello', 'at', app.now() - interval '1 day', 'x' || n from generate_series(1, ${crowd.posts / crowd.projects}) n, projects p`,
  `insert into post_publications (project_id, post_id, account_id, platform, state, due_at, platform_post_id, published_at, next_metrics_at)
   select p.project_id, p.id, a.id, a.platform, 'published', p.due_at, 'x', p.due_at, app.now() + interval '1 day'
   from posts p join social_accounts a on a.project_id = p.project_id and a.platform = 'community'`,
  // What is on its way is little against what is done.
  `update post_publications set state = s.state, lease_until = app.now() - interval '1 minute', next_attempt_at = app.now() - interval '1 minute'
   from (select id, (array['scheduled', 'queued', 'publishing', 'processing', 'unknown'])[1 + row_number() over (order by id) % 5] as state
     from post_publications order by id limit 150) s
   where post_publications.id = s.id`,
  `insert into post_media (project_id, post_id, media_id, position)
   select p.project_id, p.id, m.id, 0 from posts p join lateral (select id from media m where m.project_id = p.project_id limit 1) m on true`,
  `insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token, outcome, commit_started_at)
   select project_id, id, account_id, 'publish', 1, uuidv7(), 'published', app.now() - interval '2 days' from post_publications, generate_series(1, 2)`,
  `insert into analytics (project_id, publication_id, account_id, platform, likes)
   select project_id, id, account_id, platform, n from post_publications, generate_series(1, 3) n`,
  `insert into report_links (project_id, post_id, token_hash) select project_id, id, 'report ' || id from posts`,
  `insert into community_posts (project_id, publication_id, account_id, text, visibility)
   select project_id, id, account_id, 'Hello', (array['public', 'private'])[1 + row_number() over () % 2] from post_publications`,
  `insert into comments (community_post_id, author_id, text)
   select p.id, u.id, 'Nice' from (select id, row_number() over () as n from community_posts) p
   join (select id, row_number() over () as n from users) u on u.n % 3000 in (p.n % 3000, (p.n + 1) % 3000)`,
  `insert into user_engagement (user_id, community_post_id, type) select author_id, community_post_id, 'like' from comments on conflict do nothing`,
  `insert into outbox_events (kind, payload, dispatched_at)
   select 'mail', '{}', case when n % 50 > 0 then app.now() - interval '1 day' end from generate_series(1, 5000) n`,
  `insert into idempotency_keys (caller, route, key, body_hash) select id::text, 'POST /v1/posts', 'key', 'hash' from users`,
  'analyze',
];

export async function fillCrowd(sql: Sql): Promise<Asking> {
  // Constraints hold as always; only what triggers would do on the way is left out.
  const [trigger, update] = [
    'post_publications_guard',
    FILL.findIndex((text) => text.startsWith('update post_publications')),
  ];
  for (const [index, text] of FILL.entries()) {
    if (index === update) await sql(`alter table post_publications disable trigger ${trigger}`);
    await sql(text);
    if (index === update) await sql(`alter table post_publications enable trigger ${trigger}`);
  }
  const [row] =
    await sql(`select u.id as "userId", s.id as "sessionId", c.project_id as "projectId", pp.account_id as "accountId",
      pp.post_id as "postId", pp.id as "publicationId", m.id as "mediaId", cp.id as "communityPostId", co.id as "commentId"
    from users u join user_sessions s on s.user_id = u.id join project_collaborators c on c.user_id = u.id and c.role = 'owner'
    join post_publications pp on pp.project_id = c.project_id and pp.state = 'published'
    join media m on m.project_id = c.project_id
    join community_posts cp on cp.publication_id = pp.id and cp.visibility = 'public' join comments co on co.community_post_id = cp.id limit 1`);
  const id = (name: string) => String(row?.[name]);
  return {
    userId: id('userId'),
    sessionId: id('sessionId'),
    projectId: id('projectId'),
    accountId: id('accountId'),
    postId: id('postId'),
    publicationId: id('publicationId'),
    mediaId: id('mediaId'),
    communityPostId: id('communityPostId'),
    commentId: id('commentId'),
  };
}
