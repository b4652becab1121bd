/**
 * Access tokens (EdDSA JWT, 15 minutes) and the random tokens of mails, refreshes and links. Only hashes of the latter are
 * stored. RFC 8725: one algorithm, explicit type, issuer, audience and times checked, keys from our own secret alone.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createLocalJWKSet, importJWK, type JWK, errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { readSecret } from '../aws/secrets.ts';
import { config } from '../config/config.ts';
import { isSameText } from '../text/same-text.ts';
import {
  ACCESS_TOKEN_S,
  activeKey,
  markOf,
  publicHalves,
  type SigningKeys,
  signingKeys,
  successorOf,
  type VerificationKeys,
  verificationKeys,
} from './signing-keys.ts';

const TYPE = 'at+jwt';
/** Between the clocks of two functions. */
const CLOCK_S = 5;
/** An unknown key is looked for again when what we know is older: heard within seconds, and no way to make us read all day. */
const FRESH_MS = 10_000;

export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

/** The installation itself: a token of another one is not ours, whoever signed it. */
function issuer(): string {
  return config('http').PUBLIC_BASE_URL;
}

function audience(): string {
  return `${issuer()}/v1`;
}

/** Signs with the newest key that is old enough to be known everywhere. */
export async function issueAccessToken(claims: AccessClaims): Promise<string> {
  const keys = await readSecret(config('signingKeys').SIGNING_KEYS_SECRET_ARN, signingKeys);
  const key = activeKey(keys, Math.floor(Date.now() / 1000));
  return new SignJWT({ sid: claims.sessionId })
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: key.kid })
    .setSubject(claims.userId)
    .setIssuer(issuer())
    .setAudience(audience())
    .setIssuedAt()
    .setExpirationTime(`${ACCESS_TOKEN_S}s`)
    .sign(await importJWK(key satisfies JWK, 'EdDSA'));
}

const payload = z.object({ sub: z.uuid(), sid: z.uuid() });

/** The claims, or null for a token that is forged, expired, foreign or malformed. */
export async function verifyAccessToken(token: string): Promise<AccessClaims | null> {
  try {
    return await verify(token);
  } catch (error) {
    if (!(error instanceof joseErrors.JWKSNoMatchingKey)) return refused(error);
  }
  try {
    return await verify(token, FRESH_MS);
  } catch (error) {
    return refused(error);
  }
}

/** A secret that cannot be read is no forgery: the caller hears that something went wrong. */
function refused(error: unknown): null {
  if (error instanceof joseErrors.JOSEError) return null;
  throw error;
}

/** What everybody may know, and nothing else that an operator may have put there. */
export async function readVerificationKeys(maxAgeMs?: number): Promise<VerificationKeys> {
  const arn = config('verificationKeys').VERIFICATION_KEYS_SECRET_ARN;
  return publicHalves(await readSecret(arn, verificationKeys, maxAgeMs));
}

async function verify(token: string, maxAgeMs?: number): Promise<AccessClaims | null> {
  const verified = await jwtVerify(token, createLocalJWKSet(await readVerificationKeys(maxAgeMs)), {
    algorithms: ['EdDSA'],
    typ: TYPE,
    issuer: issuer(),
    audience: audience(),
    requiredClaims: ['exp', 'iat', 'sub'],
    maxTokenAge: ACCESS_TOKEN_S,
    clockTolerance: CLOCK_S,
  });
  const claims = payload.safeParse(verified.payload);
  return claims.success ? { userId: claims.data.sub, sessionId: claims.data.sid } : null;
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
 * A refresh token names its session, its successor is derived from its secret, so that two tabs or a lost answer get the same
 * one, and its mark tells one that we issued from one that somebody made up who knows no more than the session's id.
 */
export async function refreshToken(sessionId: string, secret: string): Promise<string> {
  return `phr_${sessionId}.${secret}.${markOf(secret, sessionId, await refreshKeys())}`;
}

export interface PresentedToken {
  readonly sessionId: string;
  readonly secret: string;
  /** Null for tokens from before there were marks. */
  readonly mark: string | null;
}

export function parseRefreshToken(token: string): PresentedToken | null {
  const match = /^phr_([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})(?:\.([A-Za-z0-9_-]{43}))?$/.exec(token);
  const [, sessionId, secret, mark = null] = match ?? [];
  return sessionId === undefined || secret === undefined || !z.uuid().safeParse(sessionId).success
    ? null
    : { sessionId, secret, mark };
}

/** Whether we issued it, at whatever time. False after its key was given up as known to somebody. */
export async function isIssued({ sessionId, secret, mark }: PresentedToken): Promise<boolean> {
  if (mark === null) return false;
  return isSameText(mark, markOf(secret, sessionId, await refreshKeys()));
}

/** Derived, so that a repeat within the grace time gets the same one. */
export async function successorSecret(secret: string, sessionId: string): Promise<string> {
  return successorOf(secret, sessionId, await refreshKeys());
}

async function refreshKeys(): Promise<SigningKeys> {
  return readSecret(config('signingKeys').SIGNING_KEYS_SECRET_ARN, signingKeys);
}
