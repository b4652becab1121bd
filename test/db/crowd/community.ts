import type { CrowdStep } from './format.ts';

/** People by their seat, joined to those who sit `steps` seats after `from.n`. */
const seated = (from: string, steps: string) => `${from} cross join unnest('{${steps}}'::integer[]) k (step)
   join (select id, row_number() over () as n from users) v on v.n = 1 + (${from.split(' ').at(-1)}.n + k.step) % 3000`;
const posts = '(select id, row_number() over () as n from community_posts) p';

export const crowd: readonly CrowdStep[] = [
  `insert into community_posts (project_id, publication_id, account_id, text, visibility, tags)
   select project_id, id, account_id, 'Hello ' || (array['sea', 'wind', 'sun', 'rain'])[1 + row_number() over () % 4] || ' #tag' || row_number() over () % 500,
     (array['public', 'private', 'public', 'followers_only'])[1 + row_number() over () % 4], array['label' || row_number() over () % 500]
   from post_publications`,
  `insert into comments (community_post_id, author_id, text) select p.id, v.id, 'Nice' from ${seated(posts, '0,1')}`,
  `insert into comments (community_post_id, author_id, parent_id, text)
   select c.community_post_id, c.author_id, c.id, 'Thanks' from comments c where c.parent_id is null limit 5000`,
  `insert into user_engagement (user_id, community_post_id, type) select author_id, community_post_id, 'like' from comments on conflict do nothing`,
  `insert into user_engagement (user_id, comment_id, type) select author_id, id, 'like' from comments on conflict do nothing`,
  `insert into user_followers (follower_id, following_id)
   select u.id, v.id from ${seated('(select id, row_number() over () as n from users) u', '1,7,31')} where u.id <> v.id on conflict do nothing`,
  `insert into feed_items (user_id, community_post_id, score, reason, expires_at)
   select v.id, p.id, p.n % 100, 'following', app.now() + make_interval(mins => (p.n % 60)::integer - 1) from ${seated(posts, '0,3')}`,
  `insert into content_moderation (target_type, target_id, status, automated_score, reviewed_at)
   select 'comment', id, case when row_number() over () % 20 = 0 then 'pending' else 'approved' end, 0.4,
     case when row_number() over () % 20 = 0 then null else app.now() end from comments limit 5000`,
  `insert into moderation_reports (reporter_id, target_type, target_id, reason) select author_id, 'comment', id, 'spam' from comments limit 5000`,
  `insert into moderation_words (language, word, category, weight) select 'xx', 'word' || n, 'spam', 0.5 from generate_series(1, 2000) n`,
  // Folded but for what came in the last minute.
  'select folded::text from app.fold_counters(10000000)',
  `update community_posts set scored_at = app.now() - interval '2 hours' where id in (select id from community_posts order by id limit 100)`,
  `delete from user_engagement where id in (select id from user_engagement order by id limit 3000)`,
];
