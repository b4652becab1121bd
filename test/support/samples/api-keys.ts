import { z } from 'zod';
import type { Cast } from '../people.ts';
import type { World } from '../world.ts';
import type { ProjectsSeed } from './projects.ts';
import { made, type Samples } from './sample.ts';

export interface ApiKeysSeed {
  readonly apiKeyId: string;
}

export async function seedApiKeys(world: World, { owner, projectId }: Cast & ProjectsSeed): Promise<ApiKeysSeed> {
  const json = { name: 'Seed', scopes: ['posts:write', 'media:read'] };
  const shape = z.looseObject({ apiKey: z.looseObject({ id: z.string() }) });
  const { apiKey } = await made(world, owner, `/v1/projects/${projectId}/api-keys`, json, shape);
  return { apiKeyId: apiKey.id };
}

export function apiKeysSamples({ projectId, apiKeyId }: ProjectsSeed & ApiKeysSeed): Samples {
  const stranger = 'missing';
  const key = { projectId, apiKeyId };
  return {
    reads: {
      listApiKeys: { params: { projectId }, stranger },
      getApiKey: { params: key, stranger },
    },
    writes: {
      createApiKey: {
        params: { projectId },
        bodies: [{ name: 'Walker', scopes: ['posts:read'], expiresInDays: 30 }],
        stranger,
      },
      changeApiKey: { params: key, bodies: [{ name: 'Renamed', scopes: ['posts:write'] }], stranger },
    },
    ends: {
      rotateApiKey: { params: key, bodies: [{ overlapS: 60 }], stranger },
      revokeApiKey: { params: key, stranger },
    },
  };
}
