/** Ways of signing in through a provider. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { oneLine } from '../text/shapes.ts';

export const providerName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,49}$/)
  .meta({ examples: ['google'] });

/** What a client gives to begin: where to come back to, and the hash of a secret of its own. */
export const BeginSignIn = z.strictObject({
  returnTo: z
    .url()
    .max(2_000)
    .describe(
      'Where the browser returns to, with `#code=…`, or with `#error=` and `denied`, `sign_in_refused` or `provider_unavailable`. Must be on our own origin, on one the provider’s settings allow, or on a port of the user’s own machine.',
    ),
  codeChallenge: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .describe(
      'SHA-256, in base64url, of a random secret of the client, which it sends at the end as `codeVerifier` (S256, as in PKCE).',
    ),
});

export const Begun = z
  .object({ url: z.url().describe('Navigate the browser to it; do not fetch it.'), expiresAt: instant })
  .meta({ id: 'SignInBegun' });

/** What came back, and the secret that goes with it. */
export const finishFields = {
  code: z.string().max(200).describe('From the fragment of `returnTo`; valid for two minutes, once.'),
  codeVerifier: z.string().max(200).describe('The secret whose hash you sent at the start.'),
};

export const SignInProvider = z
  .object({ name: providerName, label: z.string().describe('Text for the button.') })
  .meta({ id: 'SignInProvider' });

export const Identity = z
  .object({
    id,
    provider: z.string(),
    label: z.string(),
    email: z.string().nullable().describe('As given by the provider.'),
    createdAt: instant,
    lastUsedAt: instant.nullable(),
  })
  .meta({ id: 'Identity' });

const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/);
const origin = z
  .url({ protocol: /^https?$/ })
  .max(300)
  .refine((text) => URL.parse(text)?.origin === text, 'must be an origin, without a path');

export const providerIssuer = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  // OpenID Connect Discovery 1.0, section 3.
  .refine((text) => !/[?#]/.test(text), 'must have neither query nor fragment')
  .describe('Exactly as in the provider’s discovery document.')
  .meta({ examples: ['https://accounts.google.com'] });

/** What an administrator enters. The secret comes out nowhere. */
export const providerSettings = {
  label: oneLine.min(1).max(100),
  clientId: z.string().min(1).max(500),
  clientSecret: z.string().min(1).max(1_000).meta({ format: 'password' }),
  scopes: z
    .array(scope)
    .max(20)
    .refine((scopes) => scopes.includes('openid'), 'must hold openid')
    .meta({ examples: [['openid', 'email', 'profile']] }),
  returnOrigins: z.array(origin).max(50).describe('Origins of web clients that a sign-in may return to.'),
  isEnabled: z.boolean(),
};

export const IdentityProvider = z
  .object({
    name: providerName,
    label: z.string(),
    issuer: z.string(),
    clientId: z.string(),
    scopes: z.array(z.string()),
    returnOrigins: z.array(z.string()),
    isEnabled: z.boolean(),
    createdAt: instant,
    updatedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'IdentityProvider' });
