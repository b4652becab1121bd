import { z } from 'zod';
import type { Cast } from '../people.ts';
import type { World } from '../world.ts';
import type { ProjectsSeed } from './projects.ts';
import { made, type Samples } from './sample.ts';

export interface MediaSeed {
  readonly mediaId: string;
}

export async function seedMedia(world: World, { owner, projectId }: Cast & ProjectsSeed): Promise<MediaSeed> {
  const shape = z.looseObject({ media: z.looseObject({ id: z.string() }) });
  const { media } = await made(world, owner, '/v1/media', uploadOf(projectId), shape);
  return { mediaId: media.id };
}

const uploadOf = (projectId: string) => ({ projectId, fileName: 'cat.jpg', mimeType: 'image/jpeg', bytes: 1_000 });

export function mediaSamples({ projectId, mediaId }: ProjectsSeed & MediaSeed): Samples {
  const stranger = 'missing';
  return {
    reads: {
      listMedia: { query: { projectId }, stranger: 'empty' },
      getMedia: { params: { mediaId }, stranger },
    },
    writes: {
      createMedia: { bodies: [uploadOf(projectId)], stranger },
    },
    ends: {
      deleteMedia: { params: { mediaId }, stranger, owner: [409, 'in_use'] },
    },
  };
}
