import { z } from 'zod';
import type { Failure, Metrics, Session } from '../connector.ts';
import { toFailure, unreadable } from '../failures.ts';
import { failures } from './errors.ts';

const count = z.number().int().nonnegative();
const counts = z.object({
  favourites_count: count,
  reblogs_count: count,
  replies_count: count,
  // Since 4.5.
  quotes_count: count.optional(),
});

/** What this instance knows; others may have seen more. */
export async function metrics(
  { http, credentials, signal }: Session,
  platformPostId: string,
): Promise<{ kind: 'metrics'; metrics: Metrics } | Failure> {
  const reply = await http.request({
    method: 'GET',
    url: `${credentials.baseUrl}/api/v1/statuses/${encodeURIComponent(platformPostId)}`,
    bearer: credentials.accessToken,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const status = reply.json(counts);
  if (status === null) return unreadable(reply);
  return {
    kind: 'metrics',
    metrics: {
      likes: status.favourites_count,
      comments: status.replies_count,
      shares: status.reblogs_count + (status.quotes_count ?? 0),
      views: null,
      impressions: null,
      reach: null,
      saves: null,
      clicks: null,
    },
  };
}
