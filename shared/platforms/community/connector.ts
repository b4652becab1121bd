/** Our own feed as a platform like any other. The engine hands in the port to our database. */
import { z } from 'zod';
import type { Capabilities, CommunityPort, Connector, Failure, Session } from '../connector.ts';
import { failed } from '../failures.ts';
import { checkAgainst } from '../options.ts';

const capabilities: Capabilities = {
  displayName: 'Community',
  text: { max: 5000, maxBytes: null, unit: 'graphemes', urlWeight: null },
  media: {
    maxItems: 10,
    maxImages: 10,
    maxVideos: 10,
    mixImagesAndVideo: true,
    required: false,
    image: { mimeTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/gif'], maxBytes: 20_000_000 },
    video: { mimeTypes: ['video/mp4', 'video/webm', 'video/quicktime'], maxBytes: 1_000_000_000 },
    altTextMax: 2000,
  },
  maxLinks: null,
  maxHashtags: null,
  connect: 'none',
  perAccountOrigin: false,
  postsPerDay: null,
  metrics: ['likes', 'comments', 'shares', 'views', 'saves', 'clicks'],
  publishing: {
    prepareAheadS: 0,
    commitTimeoutS: 10,
    evidence: 'immediate',
    reconcile: 'look',
    // One row per publication, by constraint: a late first write and a second one cannot both succeed.
    absentAfterLooks: 1,
    absentAfterS: 5,
    preparedTtlS: null,
  },
};

const options = z.strictObject({ visibility: z.enum(['public', 'followers_only', 'unlisted', 'private']).optional() });

export const community: Connector = {
  name: 'community',
  capabilities,
  validate: ({ options: given }) => checkAgainst(options, given),
  prepare: async () => ({ kind: 'ready', prepared: {}, expiresInS: null }),
  commit: async (session, draft) => {
    const port = portOf(session);
    try {
      return { kind: 'published', evidence: await inTime(port.publish(draft), session.signal) };
    } catch (cause) {
      return { kind: 'unknown', message: wordsOf(cause) };
    }
  },
  confirm: async (session, draft) => {
    const found = await attempt(session, (port) => port.find(draft.publicationId));
    if (found.kind === 'failed') return found;
    return found.value === null ? { kind: 'waiting', waitS: 1 } : { kind: 'published', evidence: found.value };
  },
  reconcile: async (session, draft) => {
    const found = await attempt(session, (port) => port.find(draft.publicationId));
    if (found.kind === 'failed') return { kind: 'cannot-tell', message: found.message };
    return found.value === null ? { kind: 'absent' } : { kind: 'found', evidence: found.value };
  },
  remove: async (session, platformPostId) => {
    const removed = await attempt(session, (port) => port.remove(platformPostId));
    return removed.kind === 'failed' ? removed : { kind: 'removed' };
  },
  metrics: async (session, platformPostId) => {
    const counted = await attempt(session, (port) => port.metrics(platformPostId));
    if (counted.kind === 'failed') return counted;
    if (counted.value === null) return failed('invalid-content', 'not_found', 'The post is gone.');
    return { kind: 'metrics', metrics: counted.value };
  },
};

async function attempt<T>(
  session: Session,
  work: (port: CommunityPort) => Promise<T>,
): Promise<{ kind: 'value'; value: T } | Failure> {
  const port = portOf(session);
  try {
    return { kind: 'value', value: await work(port) };
  } catch (cause) {
    return failed('retry-later', 'database', wordsOf(cause));
  }
}

/** The statement goes on, but nobody waits for it beyond the deadline of the commit. */
function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error('the database did not answer in time'));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}

function portOf({ community: port }: Session): CommunityPort {
  if (port === undefined) throw new Error('the session has no community port');
  return port;
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'the database did not answer';
}
