/** An API key, as owners of its project see it: never the key itself, nor its hash. */
import { z } from 'zod';
import { scopes } from '../auth/scopes.ts';
import { id, instant } from '../db/columns.ts';
import { oneLine } from '../text/shapes.ts';

export const keyName = oneLine.min(1).max(100);

export const keyScopes = z
  .array(z.enum(scopes))
  .min(1)
  .max(scopes.length)
  .transform((given) => [...new Set(given)].sort())
  .meta({ description: '`write` includes `read`.', examples: [['posts:write', 'media:write']] });

export const ApiKey = z
  .object({
    id,
    projectId: id,
    name: z.string(),
    prefix: z.string().describe('The first characters of the key, to recognise it by.'),
    scopes: z.array(z.string()),
    state: z
      .enum(['active', 'replaced', 'suspended', 'expired', 'revoked'])
      .describe('replaced: works until `expiresAt`. suspended: its creator’s account is deactivated.'),
    createdBy: id.nullable(),
    createdByName: z.string().nullable(),
    replacedBy: id.nullable().describe('The key that replaced it.'),
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable().describe('Accurate to the minute.'),
    revokedAt: instant.nullable(),
    createdAt: instant,
    updatedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'ApiKey' });

export const NewApiKey = z
  .object({ apiKey: ApiKey, key: z.string().describe('The key itself: shown only this once, and not stored.') })
  .meta({ id: 'NewApiKey' });
