/**
 * The keys of access tokens and their lives. A key is published before it signs, signs until the next one does, and is verified
 * until the last token that it signed has ended. Pure: `rotate-keys.ts` reads and writes the secrets.
 */
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { z } from 'zod';

export const ACCESS_TOKEN_S = 15 * 60;

const publicJwk = z.looseObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  kid: z.string(),
  x: z.string(),
});
/** Seconds since 1970 from which on a key is used; absent in keys that were put by hand. */
const activeFrom = z.int().default(0);
const signingKey = publicJwk.extend({ d: z.string(), activeFrom });
const refreshKey = z.object({ kty: z.literal('oct'), kid: z.string(), k: z.string(), activeFrom });

/** The secret `signingKeys`. `refreshKeys` derive and mark refresh tokens: another use, other keys (RFC 8725, 3.1). */
export const signingKeys = z.object({ keys: z.array(signingKey).min(1), refreshKeys: z.array(refreshKey).default([]) });
/** The secret `verificationKeys`: a JWK set of public halves. */
export const verificationKeys = z.object({ keys: z.array(publicJwk).min(1) });

export type SigningKeys = z.output<typeof signingKeys>;
export type VerificationKeys = z.output<typeof verificationKeys>;
type SigningKey = SigningKeys['keys'][number];

/** A key waits so long before it signs. Longer than every cache of the public halves, and than an hourly repair of them. */
export const LEAD_S = 2 * 3600;
/** After a key has signed its last token it is verified for the token's life, and an hour for clocks and caches. */
const LINGER_S = ACCESS_TOKEN_S + 3600;
/** Sessions live 30 days, and the key that was in use at a session's beginning derives all its refresh tokens. */
const SESSION_S = 31 * 86_400;
export const ROTATE_AFTER_S = 90 * 86_400;

/** The key that signs now: the newest that may. */
export function activeKey({ keys }: SigningKeys, nowS: number): SigningKey {
  const [newest] = newestFirst(keys);
  const active = newestFirst(keys).find((key) => key.activeFrom <= nowS) ?? newest;
  if (active === undefined) throw new Error('there is no signing key');
  return active;
}

/** The successor of a refresh token's secret: two tabs get the same one although the keys were rotated between them. */
export function successorOf(secret: string, sessionId: string, keys: SigningKeys): string {
  return createHmac('sha256', refreshKeyOf(sessionId, keys)).update(secret).digest('base64url');
}

/** What only we can put behind a refresh token's secret. No secret has a space, so it is never somebody's successor. */
export function markOf(secret: string, sessionId: string, keys: SigningKeys): string {
  return createHmac('sha256', refreshKeyOf(sessionId, keys))
    .update(`issued ${sessionId} ${secret}`)
    .digest('base64url');
}

/** By the beginning of the session, which its id tells (UUID 7): one key for all of its refresh tokens. */
function refreshKeyOf(sessionId: string, { keys, refreshKeys }: SigningKeys): Buffer {
  const beganS = Number.parseInt(sessionId.replaceAll('-', '').slice(0, 12), 16) / 1000;
  const ordered = newestFirst(refreshKeys);
  const chosen = ordered.find((key) => key.activeFrom <= beganS) ?? ordered.at(-1);
  const oldest = newestFirst(keys).at(-1);
  return chosen === undefined ? legacyRefreshKey(oldest) : Buffer.from(chosen.k, 'base64url');
}

/** Of an installation from before there were keys for this alone. */
function legacyRefreshKey(key: SigningKey | undefined): Buffer {
  if (key === undefined) throw new Error('there is no signing key');
  return Buffer.from(`refresh:${key.d}`);
}

export type Rotation =
  /** When the newest is old enough. */
  | 'due'
  /** Now, with the usual overlap. */
  | 'now'
  /** The keys are known to somebody: the new one signs at once, all others are refused at once. */
  | 'compromised';

/** What the secrets are to hold; null where there is nothing to change. Throws where a rotation is under way already. */
export function planRotation(
  known: SigningKeys | null,
  nowS: number,
  rotation: Rotation,
): { readonly keys: SigningKeys; readonly added: string | null } {
  if (known === null || rotation === 'compromised') {
    const key = newSigningKey(nowS);
    // A session began before this second: the key must derive for it too.
    return { keys: { keys: [key], refreshKeys: [newRefreshKey(0)] }, added: key.kid };
  }
  const [newest] = newestFirst(known.keys);
  if (newest === undefined) throw new Error('there is no signing key');
  const isWaiting = newest.activeFrom > nowS;
  if (rotation === 'now' && isWaiting) throw new Error(`the key ${newest.kid} is on its way already`);
  const isDue = rotation === 'now' || newest.activeFrom + ROTATE_AFTER_S <= nowS;
  const key = newSigningKey(nowS + LEAD_S);
  const refreshKeys = known.refreshKeys.length > 0 ? known.refreshKeys : [carriedOver(known)];
  return isDue
    ? {
        keys: {
          keys: withoutRetired([key, ...known.keys], nowS, LINGER_S),
          refreshKeys: withoutRetired([newRefreshKey(key.activeFrom), ...refreshKeys], nowS, SESSION_S),
        },
        added: key.kid,
      }
    : {
        keys: {
          keys: withoutRetired(known.keys, nowS, LINGER_S),
          refreshKeys: withoutRetired(known.refreshKeys, nowS, SESSION_S),
        },
        added: null,
      };
}

/** Without those whose successor has been in use for so many seconds. */
function withoutRetired<K extends { readonly activeFrom: number }>(keys: readonly K[], nowS: number, lingerS: number) {
  const ordered = newestFirst(keys);
  return ordered.filter((_, place) => {
    const successor = ordered[place - 1];
    return successor === undefined || successor.activeFrom + lingerS > nowS;
  });
}

function newestFirst<K extends { readonly activeFrom: number }>(keys: readonly K[]): K[] {
  return keys.toSorted((a, b) => b.activeFrom - a.activeFrom);
}

/** What may be known to everybody. */
export function publicHalves({ keys }: VerificationKeys): VerificationKeys {
  return { keys: keys.map(({ kty, crv, kid, x }) => ({ kty, crv, kid, x, alg: 'EdDSA', use: 'sig' })) };
}

function newSigningKey(activeFromS: number): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { x, d } = z.object({ x: z.string(), d: z.string() }).parse(privateKey.export({ format: 'jwk' }));
  return { kty: 'OKP', crv: 'Ed25519', kid: newKeyId(), x, d, alg: 'EdDSA', use: 'sig', activeFrom: activeFromS };
}

function newRefreshKey(activeFromS: number): SigningKeys['refreshKeys'][number] {
  return { kty: 'oct', kid: newKeyId(), k: randomBytes(32).toString('base64url'), activeFrom: activeFromS };
}

function carriedOver({ keys }: SigningKeys): SigningKeys['refreshKeys'][number] {
  const k = legacyRefreshKey(newestFirst(keys).at(-1)).toString('base64url');
  return { kty: 'oct', kid: newKeyId(), k, activeFrom: 0 };
}

function newKeyId(): string {
  return randomBytes(8).toString('hex');
}
