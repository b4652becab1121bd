/** Posts that everybody may find. Named functions say which, and the policies hold what is shown of them. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { postRow } from './reader-queries.ts';

const foundRow = postRow.extend({
  /** The person behind it; null once they are gone. */
  writer: z
    .object({
      userId: id,
      username: z.string().nullable(),
      displayName: z.string(),
      avatarUrl: z.string().nullable(),
      avatarKey: z.string().nullable(),
    })
    .nullable(),
});
export type FoundPostRow = z.output<typeof foundRow>;

/** Popular posts of 7 days with their authors, as of the last refresh; what went since then is left out. */
export const popularPosts = query({
  name: 'popularPosts',
  kind: 'anyone',
  access: 'read',
  row: foundRow.extend({ rank: z.number() }),
})<{ afterRank: number | null; limit: number }>`
  with found as materialized (
    select v.rank, v.post_id from app.popular_posts(${'afterRank'}::integer, ${'limit'}::integer + 1) v
  )
  select f.rank, p.id, p.account_id, a.handle, a.display_name, p.text, p.media, p.visibility, n.like_count::text as like_count,
    n.comment_count::text as comment_count, n.share_count::text as share_count, n.view_count::text as view_count,
    app.liked(p.id) as liked, p.created_at, w.writer
  from found f
  join community_posts p on p.id = f.post_id
  join app.post_counts(array(select post_id from found)) n on n.post_id = p.id
  left join lateral app.community_profiles(array[p.account_id]) a on true
  left join lateral (
    select jsonb_build_object('userId', u.user_id, 'username', u.username, 'displayName', u.display_name,
      'avatarUrl', u.avatar_url, 'avatarKey', u.avatar_key) as writer
    from app.profiles(array[p.author_id]) u
  ) w on true
  order by f.rank`;

/** Of the newest 500 public posts that have all the words, the best first: hashtags before labels before the text. */
export const searchCommunityPosts = query({
  name: 'searchCommunityPosts',
  kind: 'anyone',
  access: 'read',
  row: foundRow.extend({ weight: z.string() }),
})<{ words: string; afterWeight: string | null; afterId: string | null; limit: number }>`
  with found as materialized (
    select s.weight, s.post_id
    from app.search_community(${'words'}, ${'afterWeight'}::numeric, ${'afterId'}::uuid, ${'limit'}::integer + 1) s
  )
  select f.weight::text as weight, p.id, p.account_id, a.handle, a.display_name, p.text, p.media, p.visibility,
    n.like_count::text as like_count, n.comment_count::text as comment_count, n.share_count::text as share_count,
    n.view_count::text as view_count, app.liked(p.id) as liked, p.created_at, w.writer
  from found f
  join community_posts p on p.id = f.post_id
  join app.post_counts(array(select post_id from found)) n on n.post_id = p.id
  left join lateral app.community_profiles(array[p.account_id]) a on true
  left join lateral (
    select jsonb_build_object('userId', u.user_id, 'username', u.username, 'displayName', u.display_name,
      'avatarUrl', u.avatar_url, 'avatarKey', u.avatar_key) as writer
    from app.profiles(array[p.author_id]) u
  ) w on true
  order by f.weight desc, p.id desc`;
