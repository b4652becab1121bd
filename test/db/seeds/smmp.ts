/** Rows of SMMP: what a post says of its publications agrees with them. */
import { randomUUID } from 'node:crypto';
import type { SeedRow } from './fill.ts';

const [ada, ben] = [randomUUID(), randomUUID()];
const [instagram, threads, bens] = [randomUUID(), randomUUID(), randomUUID()];
const [out, failed, ahead] = [randomUUID(), randomUUID(), randomUUID()];
const [outThere, failedThere] = [randomUUID(), randomUUID()];
const soon = new Date(Date.now() + 5 * 86_400_000).toISOString();
const never = { failedAt: null, errorMessage: null, retryCount: 0, lastRetryAt: null };
const unpublished = { platformPostId: null, platformPostUrl: null, publishedAt: null };
const uncounted = {
  likesCount: null,
  commentsCount: null,
  sharesCount: null,
  impressionsCount: null,
  reachCount: null,
  analytics: null,
  lastSyncedAt: null,
};
const wasOut = '2025-03-01T10:00:00.123Z';
const hadFailed = '2025-03-02T10:00:00.456Z';
const triedAgain = '2025-03-02T09:30:00.789Z';
const reason = 'The platform said no.';
const counted = { likesCount: 41, commentsCount: 42, sharesCount: 43, impressionsCount: 9_000, reachCount: 8_000 };

export const rows: readonly SeedRow[] = [
  ['users', { id: ada, email: 'ada@smmp.example', role: 'viewer' }],
  ['users', { id: ben, email: 'Ben@SMMP.example', role: 'admin', isActive: true }],
  ['social_accounts', { id: instagram, userId: ada, platform: 'instagram', status: 'expired', health: 'degraded' }],
  ['social_accounts', { id: threads, userId: ada, platform: 'threads', status: 'active', health: 'healthy' }],
  ['social_accounts', { id: bens, userId: ben, platform: 'linkedin', status: 'active', health: 'unknown' }],
  [
    'posts',
    {
      id: out,
      slug: 'launch-day_1',
      userId: ada,
      status: 'published',
      contentType: 'carousel',
      scheduledAt: wasOut,
      publishedAt: wasOut,
      hashtags: ['launchday', 'spring'],
      mentions: ['ben', 'cleo@mastodon.example'],
      isScheduled: false,
      ...never,
    },
  ],
  [
    'posts',
    {
      id: failed,
      slug: null,
      userId: ada,
      status: 'failed',
      contentType: 'reel',
      scheduledAt: '2025-03-02T09:00:00Z',
      publishedAt: null,
      hashtags: [],
      mentions: null,
      analytics: null,
      isScheduled: false,
      failedAt: hadFailed,
      errorMessage: reason,
      retryCount: 3,
      lastRetryAt: triedAgain,
    },
  ],
  [
    'posts',
    {
      id: ahead,
      userId: ben,
      status: 'scheduled',
      contentType: 'text',
      scheduledAt: soon,
      publishedAt: null,
      slug: null,
      hashtags: null,
      mentions: null,
      analytics: null,
      isScheduled: true,
      ...never,
    },
  ],
  [
    'post_publications',
    {
      id: outThere,
      postId: out,
      socialAccountId: threads,
      platform: 'threads',
      status: 'published',
      scheduledFor: wasOut,
      publishedAt: wasOut,
      ...counted,
      ...never,
    },
  ],
  [
    'post_publications',
    {
      id: failedThere,
      postId: failed,
      socialAccountId: threads,
      platform: 'threads',
      status: 'failed',
      scheduledFor: '2025-03-02T09:00:00Z',
      ...unpublished,
      ...uncounted,
      failedAt: hadFailed,
      errorMessage: reason,
      retryCount: 3,
      lastRetryAt: triedAgain,
    },
  ],
  [
    'post_publications',
    {
      postId: ahead,
      socialAccountId: bens,
      platform: 'linkedin',
      status: 'scheduled',
      scheduledFor: soon,
      ...unpublished,
      ...uncounted,
      ...never,
    },
  ],
  ['media', { postId: out, type: 'gif' }],
  [
    'analytics',
    { postPublicationId: outThere, platform: 'threads', period: 'weekly', engagementRate: '7.25', ...counted },
  ],
];
