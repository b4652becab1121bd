import { z } from 'zod';
import { platformNames } from '../platforms/connector.ts';

export const platformName = z.enum(platformNames);

export const PlatformSettings = z
  .object({
    platform: platformName,
    displayName: z.string(),
    enabled: z
      .boolean()
      .describe('If false, no new accounts can be connected; accounts already connected keep publishing.'),
    needsApp: z
      .boolean()
      .describe('Accounts are connected through an app that has to be registered with the platform.'),
    clientId: z.string().nullable().describe('Client id of the app; its secret is never returned. Null: not set yet.'),
    version: z.int(),
  })
  .meta({ id: 'PlatformSettings' });

/** Printable and without spaces: what is copied along at the ends would be part of the secret. */
const credential = z.string().regex(/^[\x21-\x7e]{1,500}$/);

export const PlatformApp = z
  .strictObject({ clientId: credential, clientSecret: credential.meta({ format: 'password' }) })
  .meta({ id: 'PlatformApp' });
