/** Our own feed, as the community connector sees it. */
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import type { CommunityPort, Evidence } from '../platforms/connector.ts';
import { communityMetrics, findByPublication, publishToCommunity, removeCommunityPost } from './queries.ts';

interface Source {
  readonly media: readonly {
    readonly id: string;
    readonly kind: 'image' | 'video' | null;
    readonly altText: string | null;
    readonly renditions: readonly { name: string; key: string; mimeType: string; width: number; height: number }[];
  }[];
}

/** What a community post keeps of a medium: enough to show it without asking the tenant's tables. */
function keepMedium({ id, kind, altText, renditions }: Source['media'][number]) {
  return {
    id,
    kind,
    altText,
    renditions: renditions.map(({ name, key, mimeType, width, height }) => ({ name, key, mimeType, width, height })),
  };
}

export function communityPort(db: Db, source: Source): CommunityPort {
  return {
    publish: async (draft) => {
      const { visibility } = draft.options;
      const row = await db.one(publishToCommunity, {
        publicationId: draft.publicationId,
        text: draft.text,
        media: json(source.media.map(keepMedium)),
        visibility: typeof visibility === 'string' ? visibility : 'public',
      });
      return toEvidence(row);
    },
    find: async (publicationId) => {
      const row = await db.maybe(findByPublication, { publicationId });
      return row === null ? null : toEvidence(row);
    },
    remove: async (communityPostId) => {
      await db.maybe(removeCommunityPost, { communityPostId });
    },
    metrics: async (communityPostId) => {
      const row = await db.maybe(communityMetrics, { communityPostId });
      return row === null ? null : { ...row, impressions: null, reach: null };
    },
  };
}

function toEvidence(row: { id: string; createdAt: string }): Evidence {
  return {
    platformPostId: row.id,
    url: `${config('http').PUBLIC_BASE_URL}/v1/community/posts/${row.id}`,
    publishedAt: row.createdAt,
  };
}
