/** Numbers derived from what happened, by schedule. */
import { z } from 'zod';
import { count, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/** Rolls up so many publications whose snapshots are news. 0: all are; null: another one is at it. */
export const rollUp = query({
  name: 'rollUp',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ publications: z.number().nullable() }),
})<{ batch: number }>`select app.roll_up(${'batch'}::integer) as publications`;

/**
 * People's figures per day (UTC), out of the next `limit` events that came, in the order in which they came. A day is computed
 * anew from all its events, so late ones count. What came within the last `settleS` seconds may not be committed yet, and waits;
 * days whose events may be on their way to the archive stay as they are.
 */
export const deriveUserAnalytics = query({
  name: 'deriveUserAnalytics',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ events: z.number(), days: z.number() }),
})<{ limit: number; settleS: number }>`
  with mark as (
    select m.last_id from derivation_marks m where m.name = 'user_analytics' for update skip locked
  ), news as (
    select e.id, e.user_id, (e.occurred_at at time zone 'UTC')::date as day
    from engagement_events e
    where e.id > (select m.last_id from mark m) and e.id < uuidv7(make_interval(secs => - ${'settleS'}::double precision))
    order by e.id
    limit ${'limit'}::integer
  ), figures as (
    select t.user_id, t.day,
      count(*) filter (where e.type = 'profile_view') as profile_views,
      count(*) filter (where e.type = 'view') as post_impressions,
      count(*) filter (where e.type = 'comment' or e.type in ('like', 'share', 'save', 'click') and e.comment_id is null) as post_engagements,
      count(*) filter (where e.type = 'follow') as followers_gained,
      count(*) filter (where e.type = 'unfollow') as followers_lost,
      count(*) filter (where e.type = 'like' and e.comment_id is null)
        - count(*) filter (where e.type = 'unlike' and e.comment_id is null) as total_likes,
      count(*) filter (where e.type = 'comment') - count(*) filter (where e.type = 'uncomment') as total_comments,
      count(*) filter (where e.type = 'share') - count(*) filter (where e.type = 'unshare') as total_shares
    from (select distinct n.user_id, n.day from news n where n.day > (app.now() - interval '11 months')::date) t
    join engagement_events e on e.user_id = t.user_id
      and e.occurred_at >= t.day::timestamp at time zone 'UTC' and e.occurred_at < (t.day + 1)::timestamp at time zone 'UTC'
    group by t.user_id, t.day
  ), stored as (
    insert into user_analytics as a (user_id, day, profile_views, post_impressions, post_engagements, followers_gained, followers_lost,
      total_likes, total_comments, total_shares)
    select f.user_id, f.day, f.profile_views, f.post_impressions, f.post_engagements, f.followers_gained, f.followers_lost,
      f.total_likes, f.total_comments, f.total_shares
    from figures f
    on conflict on constraint user_analytics_day_key do update
      set profile_views = excluded.profile_views, post_impressions = excluded.post_impressions,
        post_engagements = excluded.post_engagements, followers_gained = excluded.followers_gained,
        followers_lost = excluded.followers_lost, total_likes = excluded.total_likes, total_comments = excluded.total_comments,
        total_shares = excluded.total_shares, updated_at = app.now()
    returning 1
  ), moved as (
    update derivation_marks m set last_id = last.id, updated_at = app.now()
    from (select n.id from news n order by n.id desc limit 1) last
    where m.name = 'user_analytics'
    returning 1
  )
  select (select count(*) from news)::integer as events, (select count(*) from stored)::integer as days`;

const figure = count.nullable();
const rollup = z.object({
  level: z.enum(['publication', 'account', 'project']),
  startsAt: instant,
  likes: figure,
  comments: figure,
  shares: figure,
  views: figure,
  impressions: figure,
  reach: figure,
  saves: figure,
  clicks: figure,
  likesDelta: figure,
  commentsDelta: figure,
  sharesDelta: figure,
  viewsDelta: figure,
  impressionsDelta: figure,
  reachDelta: figure,
  savesDelta: figure,
  clicksDelta: figure,
});

/**
 * Numbers of a publication, an account or a project by `period` (hourly, daily, weekly, monthly) since an instant: known at the
 * end of each bucket, and gained in it.
 */
export const rollupsOf = query({ name: 'rollupsOf', kind: 'actor', access: 'read', row: rollup })<{
  targetId: string;
  period: string;
  since: string;
  limit: number;
}>`
  select r.level, r.starts_at, r.likes::text, r.comments::text, r.shares::text, r.views::text, r.impressions::text,
    r.reach::text, r.saves::text, r.clicks::text, r.likes_delta::text, r.comments_delta::text, r.shares_delta::text,
    r.views_delta::text, r.impressions_delta::text, r.reach_delta::text, r.saves_delta::text, r.clicks_delta::text
  from analytics_rollups r
  where r.target_id = ${'targetId'}::uuid and r.period = ${'period'} and r.starts_at >= ${'since'}::timestamptz
  order by r.starts_at desc
  limit ${'limit'}::integer`;
