/** A row with URLs. */
import { showFace } from '../avatars/show-avatar.ts';
import { presignRead } from '../aws/objects.ts';
import type { FoundPostRow } from './finding-queries.ts';
import type { CommunityPostRow } from './reader-queries.ts';
import type { CommunityPost, FoundPost } from './shapes.ts';

const URL_S = 3600;

export async function showPost({ accountId, handle, displayName, ...row }: CommunityPostRow): Promise<CommunityPost> {
  const media = row.media.map(async ({ renditions, ...medium }) => ({
    ...medium,
    renditions: await Promise.all(
      renditions.map(async ({ key, ...rest }) => ({ ...rest, url: await presignRead(key, URL_S) })),
    ),
  }));
  return { ...row, author: { accountId, handle, displayName }, media: await Promise.all(media) };
}

/** The same with the person who wrote it. */
export async function showFound({ writer, ...row }: FoundPostRow): Promise<FoundPost> {
  const post = await showPost(row);
  if (writer === null) return { ...post, writer };
  return { ...post, writer: await showFace(writer) };
}
