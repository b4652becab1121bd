import { z } from 'zod';
import type { Cast } from '../people.ts';
import { createPost, eventually, getPublication } from '../posts.ts';
import type { World } from '../world.ts';
import type { AccountsSeed } from './accounts.ts';
import type { ProjectsSeed } from './projects.ts';
import { made, type Samples } from './sample.ts';

export interface CommunitySeed {
  /** Seen by the owner alone. */
  readonly communityPostId: string;
  readonly commentId: string;
}

type Ground = Cast & ProjectsSeed & AccountsSeed;

/** The world must have its workers: one post is published. */
export async function seedCommunity(world: World, seed: Ground): Promise<CommunitySeed> {
  const communityPostId = await publishPrivately(world, seed);
  const shape = z.looseObject({ comment: z.looseObject({ id: z.string() }) });
  const path = `/v1/community/posts/${communityPostId}/comments`;
  const { comment } = await made(world, seed.owner, path, { text: 'Mine' }, shape);
  return { communityPostId, commentId: comment.id };
}

async function publishPrivately(world: World, { owner, projectId, accountId }: Ground): Promise<string> {
  const post = await createPost(world, owner, {
    projectId,
    text: 'For me alone',
    schedule: { type: 'now' },
    publications: [{ accountId, options: { visibility: 'private' } }],
  });
  const publicationId = post.publications[0]?.id ?? '';
  const ask = () => getPublication(world, owner, publicationId);
  const { platformPostId } = await eventually(ask, ({ state }) => state === 'published');
  return platformPostId ?? '';
}

export function communitySamples({ communityPostId, commentId }: CommunitySeed): Samples {
  const [params, stranger] = [{ communityPostId }, 'missing'] as const;
  return {
    reads: {
      getCommunityPost: { params, stranger },
      listComments: { params, stranger },
      listPopularPosts: { stranger: 'own' },
      searchCommunityPosts: { query: { q: 'alone' }, stranger: 'empty' },
    },
    writes: {
      likeCommunityPost: { params, stranger },
      unlikeCommunityPost: { params, stranger },
      createComment: { params, bodies: [{ text: 'Fine', parentId: commentId }], stranger },
    },
    ends: {
      deleteComment: { params: { commentId }, stranger },
    },
  };
}
