import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { requestRefresh } from './queries.ts';
import { sendSyncs } from './send.ts';

/** The post's numbers, fetched at once: the same sync that the tick would have sent. */
export async function refreshAnalytics(db: Db, postId: string) {
  const row = await db.one(requestRefresh, { postId });
  if (row.outcome !== 'ok') fail(row.outcome, row.outcome === 'refresh_too_soon' ? { retryAfterS: row.waitS } : {});
  const { projectId, requestedAt, publications } = row;
  if (projectId === null || requestedAt === null) throw new Error('a refresh that was granted has a time');
  if (!db.isRepeat())
    await sendSyncs(
      publications.map((id) => ({ id, projectId })),
      'refresh',
    );
  return { postId, requestedAt, publications };
}
