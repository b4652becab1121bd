/**
 * Access tokens (EdDSA JWT, 15 minutes) and the random tokens of mails, refreshes and links. Only hashes of the latter are
 * stored. RFC 8725: one algorithm, explicit type, issuer and audience checked.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createLocalJWKSet, importJWK, type JWK, errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { readSecret } from '../aws/secrets.ts';
import { config } from '../config/config.ts';

export const ACCESS_TOKEN_S = 15 * 60;
const ISSUER = 'posthaste';
const AUDIENCE = 'posthaste-api';
const TYPE = 'at+jwt';

const jwk = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string(), x: z.string() });
const signingKeys = z.object({ keys: z.array(jwk.extend({ d: z.string() })).min(1) });
const verificationKeys = z.object({ keys: z.array(jwk).min(1) });

export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

/** Signs with the newest key, which stands first. */
export async function issueAccessToken(claims: AccessClaims): Promise<string> {
  const { keys } = await readSecret(config('signingKeys').SIGNING_KEYS_SECRET_ARN, signingKeys);
  const key = keys[0];
  if (key === undefined) throw new Error('there is no signing key');
  return new SignJWT({ sid: claims.sessionId })
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: key.kid })
    .setSubject(claims.userId)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${ACCESS_TOKEN_S}s`)
    .sign(await importJWK(key satisfies JWK, 'EdDSA'));
}

const payload = z.object({ sub: z.uuid(), sid: z.uuid() });

/** The claims, or null for a token that is forged, expired, foreign or malformed. */
export async function verifyAccessToken(token: string): Promise<AccessClaims | null> {
  const keys = await readSecret(config('verificationKeys').VERIFICATION_KEYS_SECRET_ARN, verificationKeys);
  try {
    const verified = await jwtVerify(token, createLocalJWKSet(keys), {
      algorithms: ['EdDSA'],
      typ: TYPE,
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    const claims = payload.safeParse(verified.payload);
    return claims.success ? { userId: claims.data.sub, sessionId: claims.data.sid } : null;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return null;
    throw error;
  }
}

/** 256 random bits, base64url. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a random token. No salt: the token itself has 256 bits. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/**
 * A refresh token names its session, so that a replay of any old one is recognised, and its successor is derived from it,
 * so that two tabs or a lost answer get the same one.
 */
export function refreshToken(sessionId: string, secret: string): string {
  return `phr_${sessionId}.${secret}`;
}

export function parseRefreshToken(token: string): { sessionId: string; secret: string } | null {
  const match = /^phr_([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})$/.exec(token);
  const sessionId = match?.[1];
  const secret = match?.[2];
  return sessionId === undefined || secret === undefined || !z.uuid().safeParse(sessionId).success
    ? null
    : { sessionId, secret };
}

export async function successorSecret(secret: string): Promise<string> {
  const { keys } = await readSecret(config('signingKeys').SIGNING_KEYS_SECRET_ARN, signingKeys);
  const key = keys.at(-1);
  if (key === undefined) throw new Error('there is no signing key');
  return createHmac('sha256', `refresh:${key.d}`).update(secret).digest('base64url');
}
