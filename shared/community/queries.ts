import { z } from 'zod';
import { count, id, instant } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';

const evidence = z.object({ id, createdAt: instant });

/** The community's commit: one row per publication, whoever asks how often. The team's labels stay the team's. */
export const publishToCommunity = query({
  name: 'publishToCommunity',
  kind: 'worker',
  access: 'guarded',
  row: evidence,
})<{
  publicationId: string;
  text: string;
  media: Json;
  visibility: string;
}>`
  with made as (
    insert into community_posts (project_id, publication_id, account_id, text, media, visibility, location)
    select pp.project_id, pp.id, pp.account_id, ${'text'}, ${'media'}::jsonb, ${'visibility'}, left(p.location, 100)
    from post_publications pp join posts p on p.project_id = pp.project_id and p.id = pp.post_id
    where pp.id = ${'publicationId'}::uuid
    on conflict on constraint community_posts_publication_key do nothing
    returning id, created_at
  )
  select m.id, m.created_at from made m
  union all
  select p.id, p.created_at from community_posts p
  where p.publication_id = ${'publicationId'}::uuid and not exists (select from made)`;

export const findByPublication = query({ name: 'findByPublication', kind: 'worker', access: 'read', row: evidence })<{
  publicationId: string;
}>`
  select p.id, p.created_at from community_posts p
  join post_publications pp on pp.project_id = p.project_id and pp.id = p.publication_id
  where pp.id = ${'publicationId'}::uuid`;

export const removeCommunityPost = query({
  name: 'removeCommunityPost',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{ communityPostId: string }>`
  update community_posts p set deleted_at = app.now()
  where p.id = ${'communityPostId'}::uuid and p.deleted_at is null
  returning p.id`;

export const communityMetrics = query({
  name: 'communityMetrics',
  kind: 'worker',
  access: 'read',
  row: z.object({ likes: count, comments: count, shares: count, views: count, saves: count, clicks: count }),
})<{ communityPostId: string }>`
  select n.like_count::text as likes, n.comment_count::text as comments, n.share_count::text as shares, n.view_count::text as views,
    n.save_count::text as saves, n.click_count::text as clicks
  from community_posts p
  join lateral app.post_counts(array[p.id]) n on true
  where p.id = ${'communityPostId'}::uuid and p.deleted_at is null`;
