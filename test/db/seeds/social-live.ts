/** Rows of Social Live whose counters agree with them: 3 followers, 2 following, 4 likes, 5 comments, 2 shares, 2 replies. */
import { randomUUID } from 'node:crypto';
import type { SeedRow } from './fill.ts';

const [ada, ben, cleo, dan, eve] = [1, 2, 3, 4, 5].map(() => randomUUID());
const [post, gone] = [randomUUID(), randomUUID()];
const [first, reply] = [randomUUID(), randomUUID()];
const file = randomUUID();
const yesterday = new Date(Date.now() - 86_400_000).toISOString();
const standing = { deleted_at: null };
const counts = (followers_count: number, following_count: number, posts_count: number) => ({
  followers_count,
  following_count,
  posts_count,
});
const quiet = { likes_count: 0, comments_count: 0, shares_count: 0 };

export const rows: readonly SeedRow[] = [
  [
    'users',
    {
      id: ada,
      email: 'ada@live.example',
      username: 'ada',
      role: 'MODERATOR',
      is_active: true,
      ...counts(3, 2, 1),
      ...standing,
    },
  ],
  [
    'users',
    {
      id: ben,
      email: 'ben@live.example',
      username: 'ben',
      role: 'CREATOR',
      is_active: true,
      ...counts(1, 1, 0),
      ...standing,
    },
  ],
  [
    'users',
    {
      id: cleo,
      email: 'cleo@live.example',
      username: 'cleo',
      role: 'ADMIN',
      is_active: true,
      ...counts(1, 1, 0),
      ...standing,
    },
  ],
  ['users', { id: dan, email: 'dan@live.example', username: 'dan', role: 'USER', ...counts(0, 1, 0), ...standing }],
  ['users', { id: eve, email: 'eve@live.example', username: 'eve', role: 'USER', ...counts(0, 0, 0) }],
  [
    'posts',
    {
      id: post,
      user_id: ada,
      media_type: 'DOCUMENT',
      visibility: 'PUBLIC',
      likes_count: 4,
      comments_count: 5,
      shares_count: 2,
      created_at: yesterday,
      ...standing,
    },
  ],
  ['posts', { id: gone, user_id: dan, media_type: 'VIDEO', visibility: 'UNLISTED', ...quiet }],
  [
    'comments',
    { id: first, post_id: post, user_id: ben, parent_id: null, likes_count: 0, replies_count: 2, ...standing },
  ],
  [
    'comments',
    { id: reply, post_id: post, user_id: ada, parent_id: first, likes_count: 0, replies_count: 0, ...standing },
  ],
  ...[first, null, null].map(
    (parent_id): SeedRow => [
      'comments',
      { post_id: post, user_id: cleo, parent_id, likes_count: 0, replies_count: 0, ...standing },
    ],
  ),
  ['comments', { post_id: post, user_id: dan, parent_id: null, likes_count: 0, replies_count: 0 }],
  ...[ben, cleo, dan].map((follower_id): SeedRow => ['user_followers', { follower_id, following_id: ada }]),
  ...[ben, cleo].map((following_id): SeedRow => ['user_followers', { follower_id: ada, following_id }]),
  ...[ben, cleo, dan, eve].map(
    (user_id): SeedRow => ['user_engagement', { user_id, post_id: post, engagement_type: 'LIKE' }],
  ),
  ...[ben, eve].map((user_id): SeedRow => ['user_engagement', { user_id, post_id: post, engagement_type: 'SHARE' }]),
  ...['VIEW', 'SAVE', 'CLICK', 'COMMENT'].map(
    (engagement_type): SeedRow => ['user_engagement', { user_id: cleo, post_id: post, engagement_type }],
  ),
  ['user_engagement_archive', { user_id: dan, post_id: gone, engagement_type: 'SAVE' }],
  ['feed_items', { user_id: ben, post_id: post }],
  ['user_sessions', { user_id: ada }],
  ['user_sessions', { user_id: ben, is_active: true }],
  ['password_reset_tokens', { user_id: ada }],
  ['media_files', { id: file, user_id: ada, mime_type: 'image/png', processing_status: 'COMPLETED' }],
  ['media_files', { user_id: ben, mime_type: 'audio/mpeg', processing_status: 'FAILED' }],
  [
    'content_moderation',
    { content_type: 'POST', content_id: post, moderator_id: ada, status: 'APPROVED', automated_score: '0.37' },
  ],
  [
    'content_moderation',
    {
      content_type: 'MEDIA',
      content_id: file,
      moderator_id: null,
      status: 'FLAGGED',
      automated_score: '0.91',
      reviewed_at: null,
    },
  ],
  ['user_analytics', { user_id: ada }],
  ['system_metrics', {}],
  ['audit_log', { table_name: 'posts', operation: 'UPDATE', user_id: ben }],
];
