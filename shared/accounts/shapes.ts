/** A connected account, and what it takes to connect one, as callers see them. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { PlatformName } from '../posts/shapes.ts';
import { givenProject } from '../projects/shapes.ts';
import { oneLine } from '../text/shapes.ts';
import { isReservedHandle } from './rules.ts';

export const AccountStatus = z
  .enum(['pending', 'connected', 'reauthorization_needed', 'restricted', 'disconnected'])
  .meta({
    id: 'AccountStatus',
    description: '`pending`: not granted yet. `reauthorization_needed`: connect it again; it keeps its id.',
  });

export const Account = z
  .object({
    id,
    projectId: id,
    platform: PlatformName,
    platformAccountId: z.string().describe('The platform’s id for the account.'),
    handle: z.string(),
    displayName: z.string().nullable(),
    avatarUrl: z.string().nullable(),
    baseUrl: z.string().nullable().describe('Origin of the server that hosts the account; null for our own community.'),
    scopes: z.array(z.string()),
    status: AccountStatus,
    statusReason: z.string().nullable(),
    connectedBy: id.nullable(),
    connectedAt: instant,
    disconnectedAt: instant.nullable(),
    pausedAt: instant
      .nullable()
      .describe(
        'When the account was paused because more accounts are connected than a quota allows. Scheduled posts wait until it resumes.',
      ),
    createdAt: instant,
    updatedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'Account' });
export type Account = z.output<typeof Account>;

const projectId = givenProject;
const origin = z
  .string()
  .trim()
  .min(3)
  .max(255)
  .describe('Origin or host name, such as `https://mastodon.social` or `mastodon.social`.');

export const ConnectInput = z
  .discriminatedUnion('platform', [
    z.strictObject({
      platform: z.literal('community'),
      projectId,
      handle: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_-]{1,29}$/, 'must be 2 to 30 of a–z, 0–9, _ and -')
        .refine((handle) => !isReservedHandle(handle), 'is reserved')
        .optional()
        .describe(
          'Unique in the community. Default: the current handle of the account, else one made from the project’s name.',
        ),
    }),
    z.strictObject({
      platform: z.literal('bluesky'),
      projectId,
      identifier: oneLine.min(1).max(255).describe('Handle, e-mail address or DID.'),
      appPassword: z
        .string()
        .trim()
        .regex(/^[a-z0-9]{4}(?:-[a-z0-9]{4}){3}$/, 'must be an app password, such as abcd-efgh-2345-mnop')
        .describe('An app password, created in the Bluesky settings; never the account’s own password.'),
      baseUrl: origin.optional(),
    }),
    z.strictObject({ platform: z.literal('mastodon'), projectId, baseUrl: origin }),
    z.strictObject({ platform: z.literal('threads'), projectId }),
  ])
  .meta({ id: 'ConnectInput' });
export type ConnectInput = z.output<typeof ConnectInput>;

export const Connection = z
  .discriminatedUnion('status', [
    z.object({ status: z.literal('connected'), account: Account }),
    z.object({
      status: z.literal('authorize'),
      authorizeUrl: z.string().describe('Open it in the browser of the account’s owner.'),
      expiresAt: instant,
    }),
  ])
  .meta({ id: 'Connection' });
export type Connection = z.output<typeof Connection>;
