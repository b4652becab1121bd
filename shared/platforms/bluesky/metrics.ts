import { z } from 'zod';
import type { Failure, Metrics, Session } from '../connector.ts';
import { failed, toFailure, unreadable } from '../failures.ts';
import { failures } from './errors.ts';
import { publicAppView } from './limits.ts';

const count = z.number().int().nonnegative();
const posts = z.object({
  posts: z.array(
    z.object({
      uri: z.string(),
      likeCount: count.default(0),
      repostCount: count.default(0),
      replyCount: count.default(0),
      quoteCount: count.default(0),
      bookmarkCount: count.optional(),
    }),
  ),
});

/** An account's server has no counts; an AppView counts what all servers say. */
export async function metrics(
  { http, appViewUrl, signal }: Session,
  platformPostId: string,
): Promise<{ kind: 'metrics'; metrics: Metrics } | Failure> {
  const reply = await http.request({
    method: 'GET',
    url: `${appViewUrl ?? publicAppView}/xrpc/app.bsky.feed.getPosts`,
    query: { uris: platformPostId },
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const listed = reply.json(posts);
  if (listed === null) return unreadable(reply);
  const post = listed.posts.find(({ uri }) => uri === platformPostId);
  if (post === undefined) return failed('retry-later', 'not_listed', 'The AppView does not show the post.');
  return {
    kind: 'metrics',
    metrics: {
      likes: post.likeCount,
      comments: post.replyCount,
      shares: post.repostCount + post.quoteCount,
      saves: post.bookmarkCount ?? null,
      views: null,
      impressions: null,
      reach: null,
      clicks: null,
    },
  };
}
