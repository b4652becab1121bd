/** What keeps the community's derived rows right: counters, scores, feeds. */
import { z } from 'zod';
import { count, id } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/** Brings likes, comments and follows that were only noted into the counted rows. Readers see them before as well. */
export const foldCounters = query({
  name: 'foldCounters',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ folded: count }),
})<{ take: number }>`
  select f.folded::text as folded from app.fold_counters(${'take'}::integer) f`;

/** Counters that differed from what they count, mended. Reads everything: for maintenance. */
export const repairCounters = query({
  name: 'repairCounters',
  kind: 'worker',
  access: 'guarded',
  row: z.object({
    kind: z.enum(['post', 'comment', 'user']),
    id,
    counter: z.string(),
    stored: count,
    actual: count,
  }),
})<Record<never, never>>`
  select r.kind, r.id, r.counter, r.stored::text as stored, r.actual::text as actual from app.repair_counters() r`;

/** Scores that are older than an hour, lowered to their age. A score of nothing needs no more of it. */
export const rescorePosts = query({
  name: 'rescorePosts',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{ limit: number }>`
  with due as (
    select p.id from community_posts p
    where p.engagement_score > 0 and p.scored_at < app.now() - interval '1 hour'
    order by p.scored_at limit ${'limit'}::integer for no key update skip locked
  ), counted as materialized (
    select n.* from app.post_counts(array(select d.id from due d)) n
  )
  update community_posts p
  set scored_at = app.now(), engagement_score = app.engagement_score(n.like_count, n.comment_count, n.share_count, n.save_count,
    n.click_count, n.view_count, app.now() - p.created_at)
  from counted n where p.id = n.post_id
  returning p.id`;

/** Ranked feeds that nobody asked for again. */
export const purgeFeeds = query({
  name: 'purgeFeeds',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ purged: z.number() }),
})<{ limit: number }>`
  with gone as (
    delete from feed_items f where f.id in (
      select e.id from feed_items e where e.expires_at < app.now() limit ${'limit'}::integer)
    returning 1
  )
  select count(*)::integer as purged from gone`;

/** Ranks the popular posts anew. By schedule. */
export const refreshPopularPosts = query({
  name: 'refreshPopularPosts',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ posts: count }),
})<Record<never, never>>`
  select r.posts::text as posts from app.refresh_popular_posts() r`;
