/** Our own feed as its readers see it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';

const Rendition = z.object({
  name: z.string(),
  url: z.string().describe('Valid for an hour.'),
  mimeType: z.string(),
  width: z.int(),
  height: z.int(),
});

export const CommunityPost = z
  .object({
    id,
    author: z.object({ accountId: id, handle: z.string().nullable(), displayName: z.string().nullable() }),
    text: z.string(),
    media: z.array(
      z.object({
        id,
        kind: z.enum(['image', 'video']).nullable(),
        altText: z.string().nullable(),
        renditions: z.array(Rendition),
      }),
    ),
    visibility: z.enum(['public', 'followers_only', 'unlisted', 'private']),
    likeCount: z.int(),
    commentCount: z.int(),
    shareCount: z.int(),
    viewCount: z.int(),
    liked: z.boolean().describe('Whether you like it; false without a token.'),
    createdAt: instant,
  })
  .meta({ id: 'CommunityPost' });
export type CommunityPost = z.output<typeof CommunityPost>;

export const FoundPost = CommunityPost.extend({
  writer: z
    .object({
      userId: id,
      username: z.string().nullable(),
      displayName: z.string(),
      avatarUrl: z.string().nullable().describe('Valid for an hour.'),
    })
    .nullable()
    .describe('Who wrote it; null if the user no longer exists.'),
}).meta({ id: 'FoundPost' });
export type FoundPost = z.output<typeof FoundPost>;

export const Comment = z
  .object({
    id,
    communityPostId: id,
    parentId: id.nullable(),
    author: z.object({
      userId: id,
      displayName: z.string().nullable(),
      avatarUrl: z.string().nullable().describe('Valid for an hour.'),
    }),
    text: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'Comment' });

export const Like = z.object({ liked: z.boolean(), likeCount: z.int() }).meta({ id: 'Like' });
