/** Passwords and keys of one installation, made on its first start and kept by the local Secrets Manager. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { planRotation, publicHalves, signingKeys as signingKeysShape } from '../../shared/auth/signing-keys.ts';
import type { Secrets } from './aws/secrets.ts';

const secretNames = [
  'databaseMigrator',
  'databaseApi',
  'databaseWorker',
  'databaseReporting',
  'signingKeys',
  'verificationKeys',
  'cursorKey',
  'tokenKeys',
  'platformApps',
] as const satisfies readonly string[];

export type HostSecretName = (typeof secretNames)[number];
export type SecretArns = Readonly<Record<HostSecretName, string>>;

const login = z.object({ username: z.string(), password: z.string() });
const apps = z.object({ threads: z.object({ clientId: z.string(), clientSecret: z.string() }) });

/** Makes what is missing. The JSON of each is what `shared/` reads; database secrets have the form that RDS gives them. */
export function ensureSecrets(secrets: Pick<Secrets, 'ensure' | 'get'>): SecretArns {
  const keep = (name: HostSecretName, make: () => unknown) =>
    secrets.ensure(`posthaste/${name}`, () => JSON.stringify(make()));
  const role = (username: string) => () => ({ username, password: randomKey() });
  const signingKeys = keep('signingKeys', () => planRotation(null, Math.floor(Date.now() / 1000), 'now').keys);
  return {
    databaseMigrator: keep('databaseMigrator', role('posthaste_migrator')),
    databaseApi: keep('databaseApi', role('posthaste_api')),
    databaseWorker: keep('databaseWorker', role('posthaste_worker')),
    databaseReporting: keep('databaseReporting', role('posthaste_reporting')),
    signingKeys,
    verificationKeys: keep('verificationKeys', () =>
      publicHalves(signingKeysShape.parse(JSON.parse(secrets.get(signingKeys) ?? 'null'))),
    ),
    cursorKey: keep('cursorKey', () => ({ key: randomKey() })),
    tokenKeys: keep('tokenKeys', () => ({ keys: [newTokenKey()] })),
    platformApps: keep('platformApps', () => ({
      threads: { clientId: 'posthaste-local', clientSecret: randomKey() },
    })),
  };
}

export function readLogin(secrets: Pick<Secrets, 'get'>, arn: string): z.output<typeof login> {
  return login.parse(JSON.parse(secrets.get(arn) ?? 'null'));
}

export function readApps(secrets: Pick<Secrets, 'get'>, arn: string): z.output<typeof apps> {
  return apps.parse(JSON.parse(secrets.get(arn) ?? 'null'));
}

function newTokenKey() {
  return { kty: 'oct', kid: newKeyId(), alg: 'A256GCM', k: randomKey() };
}

function newKeyId(): string {
  return randomBytes(8).toString('hex');
}

/** 256 bits, base64url. */
function randomKey(): string {
  return randomBytes(32).toString('base64url');
}
