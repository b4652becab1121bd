/** The feed as readers and commenters ask for it; the policies decide what each sees. */
import { z } from 'zod';
import { face } from '../avatars/shapes.ts';
import { count, id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/** A community post under the reader's policies, its counts as of now. */
export const postRow = z.object({
  id,
  accountId: id,
  handle: z.string().nullable(),
  displayName: z.string().nullable(),
  text: z.string(),
  media: z.array(
    z.object({
      id,
      kind: z.enum(['image', 'video']).nullable(),
      altText: z.string().nullable(),
      renditions: z.array(
        z.object({ name: z.string(), key: z.string(), mimeType: z.string(), width: z.number(), height: z.number() }),
      ),
    }),
  ),
  visibility: z.enum(['public', 'followers_only', 'unlisted', 'private']),
  likeCount: count,
  commentCount: count,
  shareCount: count,
  viewCount: count,
  liked: z.boolean(),
  createdAt: instant,
});
export type CommunityPostRow = z.output<typeof postRow>;

export const findCommunityPost = query({ name: 'findCommunityPost', kind: 'anyone', access: 'read', row: postRow })<{
  communityPostId: string;
}>`
  select p.id, p.account_id, f.handle, f.display_name, p.text, p.media, p.visibility, n.like_count::text as like_count,
    n.comment_count::text as comment_count, n.share_count::text as share_count, n.view_count::text as view_count,
    app.liked(p.id) as liked, p.created_at
  from community_posts p
  join lateral app.post_counts(array[p.id]) n on true
  left join lateral app.community_profiles(array[p.account_id]) f on true
  where p.id = ${'communityPostId'}::uuid and p.deleted_at is null`;

const like = z.object({ outcome: z.string(), likeCount: count.nullable() });

/** Liking twice is liking once. */
export const likePost = query({ name: 'likePost', kind: 'actor', access: 'guarded', row: like })<{
  communityPostId: string;
}>`
  select l.outcome, l.like_count::text as like_count from app.set_like(${'communityPostId'}::uuid, true) l`;

export const unlikePost = query({ name: 'unlikePost', kind: 'actor', access: 'guarded', row: like })<{
  communityPostId: string;
}>`
  select l.outcome, l.like_count::text as like_count from app.set_like(${'communityPostId'}::uuid, false) l`;

const comment = z.object({
  id,
  communityPostId: id,
  parentId: id.nullable(),
  author: face.extend({ userId: id, displayName: z.string().nullable() }),
  text: z.string(),
  createdAt: instant,
});

/** One row where the post can be seen, none where it cannot. */
export const listComments = query({
  name: 'listComments',
  kind: 'anyone',
  access: 'read',
  row: z.object({ comments: z.array(comment) }),
})<{ communityPostId: string; before: string | null; limit: number }>`
  select coalesce((
    select jsonb_agg(jsonb_build_object('id', c.id, 'communityPostId', c.community_post_id, 'parentId', c.parent_id,
      'author', jsonb_build_object('userId', c.author_id, 'displayName', n.display_name, 'avatarUrl', f.avatar_url,
        'avatarKey', f.avatar_key),
      'text', c.text, 'createdAt', c.created_at) order by c.id desc)
    from (
      select * from comments k
      where k.community_post_id = p.id and k.is_standing and (${'before'}::uuid is null or k.id < ${'before'}::uuid)
      order by k.id desc
      limit ${'limit'}::integer + 1
    ) c
    left join lateral app.display_names(array[c.author_id]) n on true
    left join lateral app.faces(array[c.author_id]) f on true
  ), '[]'::jsonb) as comments
  from community_posts p
  where p.id = ${'communityPostId'}::uuid and p.deleted_at is null`;

export const addComment = query({
  name: 'addComment',
  kind: 'actor',
  access: 'write',
  row: z.object({
    outcome: z.string(),
    id: id.nullable(),
    userId: id,
    displayName: z.string().nullable(),
    ...face.shape,
    createdAt: instant.nullable(),
    commentCount: count.nullable(),
  }),
})<{ communityPostId: string; parentId: string | null; text: string }>`
  select c.outcome, c.id, app.user_id() as user_id, n.display_name, f.avatar_url, f.avatar_key, c.created_at,
    c.comment_count::text as comment_count
  from app.add_comment(${'communityPostId'}::uuid, ${'parentId'}::uuid, ${'text'}) c
  left join lateral app.display_names(array[app.user_id()]) n on true
  left join lateral app.faces(array[app.user_id()]) f on true`;

/** Only its author takes a comment away; its replies stay. A key reaches no comment on a post that it cannot see. */
export const deleteComment = query({
  name: 'deleteComment',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ commentId: string }>`
  with seen as (
    select c.id, c.author_id = (select app.user_id()) as mine
    from comments c
    where c.id = ${'commentId'}::uuid and c.deleted_at is null
      and (app.key_project() is null or c.community_post_id = any (app.visible_posts(array[c.community_post_id])))
  ), done as (
    update comments c set deleted_at = app.now() from seen s where c.id = s.id and s.mine and c.deleted_at is null
    returning c.id
  )
  select case
    when exists (select from done) then 'ok'
    when exists (select from seen where not mine) then 'forbidden'
    else 'not_found'
  end as outcome`;
