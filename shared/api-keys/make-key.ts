/** A key is made here and shown by the door; from then on there is only its hash. */
import { newApiKey } from '../auth/api-key.ts';
import { hashToken } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { changeApiKey, createApiKey, getApiKey, rotateApiKey } from './queries.ts';

export interface KeyRequest {
  readonly projectId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresInDays: number | null;
}

interface KeyIds {
  readonly projectId: string;
  readonly apiKeyId: string;
}

/** Throws `not_found`, `forbidden`, `limit_reached`. */
export async function makeApiKey(db: Db, { projectId, ...request }: KeyRequest) {
  const { key, prefix } = newApiKey();
  const { keyId } = await db.change(createApiKey, { projectId, ...request, prefix, keyHash: hashToken(key) });
  return { apiKey: await db.change(getApiKey, { projectId, apiKeyId: keyId }), key };
}

/** Throws `not_found`, `forbidden`, and `wrong_state` for a key that is dead or was replaced before. */
interface Rotation {
  readonly overlapS: number;
  readonly expectedVersion: number | null;
}

export async function replaceApiKey(db: Db, ids: KeyIds, how: Rotation) {
  const { key, prefix } = newApiKey();
  const { keyId } = await db.change(rotateApiKey, { ...ids, ...how, prefix, keyHash: hashToken(key) });
  return { apiKey: await db.change(getApiKey, { ...ids, apiKeyId: keyId }), key };
}

/** Throws `not_found`, `forbidden`, `stale`, `wrong_state`, and `invalid_request` where scopes would be added. */
export async function narrowApiKey(db: Db, ids: KeyIds, patch: object, expectedVersion: number | null) {
  const { outcome } = await db.one(changeApiKey, { ...ids, patch: json(patch), expectedVersion });
  if (outcome === 'wider') {
    const message = 'may only be taken away: make a new key for more';
    fail('invalid_request', { fields: [{ pointer: '/body/scopes', message, code: 'wider' }] });
  }
  if (outcome !== 'ok') fail(outcome);
  return db.change(getApiKey, ids);
}
