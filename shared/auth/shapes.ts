/** What people give to get in, and what they get. */
import { z } from 'zod';
import { addressForm, canonicalEmail } from './email.ts';

/**
 * Case, surrounding spaces and the script of a domain do not make another address. 254 characters: RFC 5321's limit of a path.
 * Before the @ stands ASCII alone: SES sends to no other.
 */
export const email = z
  .string()
  .max(1_000)
  .overwrite(canonicalEmail)
  .max(254)
  .pipe(z.email({ pattern: addressForm }))
  .meta({ format: 'email', description: 'Not case-sensitive.', examples: ['ada@example.com'] });

const characters = (text: string) => [...text].length;

/** Length alone: rules of composition make passwords worse (NIST SP 800-63B). Characters are code points. */
export const newPassword = z
  .string()
  .max(512)
  .refine((password) => characters(password) >= 8, 'must have at least 8 characters')
  .refine((password) => characters(password) <= 256, 'must have at most 256 characters')
  .meta({ format: 'password', minLength: 8, maxLength: 256, examples: ['correct horse battery'] });

/** A password at the door is only compared: one that could not be chosen today is wrong, not malformed. */
export const givenPassword = z.string().max(512).meta({ format: 'password' });

/** The random part of a mail's link: 256 bits, base64url. */
export const mailToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const Tokens = z
  .object({
    accessToken: z.string().describe('Bearer token for the API.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds until the access token expires.'),
    refreshToken: z.string().describe('Works for one refresh, whose answer contains its successor.'),
  })
  .meta({ id: 'Tokens' });

export const SignedIn = Tokens.extend({ status: z.literal('signed_in') }).meta({ id: 'SignedIn' });

export const SecondFactorNeeded = z
  .object({
    status: z.literal('second_factor_needed'),
    ticket: z.string().describe('For `POST /v1/auth/login/second-factor`.'),
    expiresIn: z.int().describe('Seconds until the ticket expires.'),
    methods: z
      .array(z.enum(['totp', 'recovery_code']))
      .describe('Accepted proofs: a code from the app, or a recovery code.'),
  })
  .meta({ id: 'SecondFactorNeeded' });

/** Told apart by `status`. */
export const LoginAnswer = z.discriminatedUnion('status', [SignedIn, SecondFactorNeeded]).meta({ id: 'LoginAnswer' });
export type LoginAnswer = z.output<typeof LoginAnswer>;
