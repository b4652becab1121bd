/** What people give to get in, and what they get. */
import { z } from 'zod';

/** Case and surrounding spaces do not make another address. 254 characters: RFC 5321's limit of a path. */
export const email = z
  .string()
  .trim()
  .normalize('NFC')
  .toLowerCase()
  .max(254)
  .pipe(z.email())
  .meta({ format: 'email', description: 'Compared without case.', examples: ['ada@example.com'] });

/** Length alone: rules of composition make passwords worse (NIST SP 800-63B). */
export const newPassword = z.string().min(8).max(256).meta({ format: 'password' });

/** A password at the door is only compared: one that could not be chosen today is wrong, not malformed. */
export const givenPassword = z.string().max(256).meta({ format: 'password' });

/** The random part of a mail's link: 256 bits, base64url. */
export const mailToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const Tokens = z
  .object({
    accessToken: z.string().describe('Bearer token of the API.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds until the access token ends.'),
    refreshToken: z.string().describe('Good for one refresh; the answer holds its successor.'),
  })
  .meta({ id: 'Tokens' });
