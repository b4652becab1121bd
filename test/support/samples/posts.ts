import type { Cast } from '../people.ts';
import { ahead, createPost } from '../posts.ts';
import type { World } from '../world.ts';
import type { AccountsSeed } from './accounts.ts';
import type { MediaSeed } from './media.ts';
import type { ProjectsSeed } from './projects.ts';
import type { Fields, Samples } from './sample.ts';

export interface PostsSeed {
  readonly postId: string;
  readonly publicationId: string;
}

type Ground = ProjectsSeed & AccountsSeed;

export async function seedPosts(world: World, { owner, ...seed }: Cast & Ground): Promise<PostsSeed> {
  const post = await createPost(world, owner, bodyOf(seed));
  return { postId: post.id, publicationId: post.publications[0]?.id ?? '' };
}

function bodyOf({ projectId, accountId }: Ground, schedule: Fields = { type: 'at', at: ahead(86_400) }) {
  return { projectId, text: 'Hello', schedule, publications: [{ accountId }] };
}

export function postsSamples(seed: Ground & MediaSeed & PostsSeed): Samples {
  const { projectId, accountId, mediaId, postId } = seed;
  const stranger = 'missing';
  const wallTime = { type: 'at', at: '2999-07-01T18:00:00', timeZone: 'Europe/Berlin' };
  const rich = {
    ...bodyOf(seed, wallTime),
    media: [{ mediaId, altText: 'A cat' }],
    publications: [{ accountId, text: 'Own', media: [{ mediaId, altText: 'Cat' }], options: {} }],
    externalId: 'walk',
    metadata: { campaign: 'walk' },
  };
  const bodies = [rich, ...[{ type: 'draft' }, { type: 'now' }].map((when) => bodyOf(seed, when))];
  return {
    reads: {
      listPosts: { query: { projectId, accountId }, stranger: 'empty' },
      getPost: { params: { postId }, stranger },
    },
    writes: {
      validatePost: { bodies, stranger },
      createPost: { bodies, stranger },
    },
    ends: {
      cancelPost: { params: { postId }, stranger },
    },
  };
}
