import { z } from 'zod';
import { platformNames } from '../platforms/connector.ts';

export const platformName = z.enum(platformNames);

export const PlatformSettings = z
  .object({
    platform: platformName,
    displayName: z.string(),
    enabled: z.boolean().describe('Off: nothing new is connected. What is connected already goes on publishing.'),
    needsApp: z.boolean().describe('Its accounts are connected through an app of ours that somebody registered there.'),
    clientId: z.string().nullable().describe('Of that app; its secret is never shown. Null: not entered yet.'),
    version: z.int(),
  })
  .meta({ id: 'PlatformSettings' });

/** Printable and without spaces: what is copied along at the ends would be part of the secret. */
const credential = z.string().regex(/^[\x21-\x7e]{1,500}$/);

export const PlatformApp = z
  .strictObject({ clientId: credential, clientSecret: credential.meta({ format: 'password' }) })
  .meta({ id: 'PlatformApp' });
