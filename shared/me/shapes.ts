/** A person, as the person sees and changes it. */
import { z } from 'zod';
import { Avatar, AvatarUpload } from '../avatars/shapes.ts';
import { instant } from '../db/columns.ts';
import { oneLine } from '../text/shapes.ts';
import { displayName, Me } from '../users/shapes.ts';
import { username } from '../users/username.ts';

export const Deletion = z
  .object({
    requestedAt: instant,
    dueAt: instant.describe('Until then you can cancel; after that everything is erased.'),
  })
  .meta({ id: 'AccountDeletion' });

export const MyProfile = Me.extend({
  emailVerified: z.boolean(),
  username: z.string().nullable(),
  givenName: z.string().nullable(),
  familyName: z.string().nullable(),
  bio: z.string().nullable(),
  mfaEnabled: z.boolean().describe('Whether a login asks for a second factor.'),
  deletion: Deletion.nullable().describe('Set while your account is waiting to be erased.'),
  avatar: Avatar.nullable(),
  avatarUpload: AvatarUpload.nullable(),
  updatedAt: instant,
  version: z.int(),
}).meta({ id: 'MyProfile' });

const partOfName = oneLine.min(1).max(255).nullable();

/** Text of several lines: tabs and line ends are its only control characters. */
const bio = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .regex(/^(?:[^\p{Cc}]|[\n\t])*$/u, 'must not hold control characters')
  .nullable();

export const ProfilePatch = z
  .strictObject({ displayName, username: username.nullable(), givenName: partOfName, familyName: partOfName, bio })
  .partial()
  .meta({ id: 'ProfilePatch', description: 'Changes only the fields you send; null clears a field.' });
