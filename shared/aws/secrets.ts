/** Secrets Manager, read lazily and kept for five minutes, so that a rotation is heard without a deployment. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { z } from 'zod';

const KEPT_MS = 5 * 60_000;

let client: SecretsManagerClient | undefined;
const kept = new Map<string, { readonly value: unknown; readonly readAt: number }>();
const underWay = new Map<string, Promise<unknown>>();

/**
 * The secret's JSON, parsed. A parse failure names the secret, never its content.
 * @param maxAgeMs what was read longer ago is read again; less than the usual five minutes where something newer is expected
 */
export async function readSecret<S extends z.ZodType>(
  arn: string,
  schema: S,
  maxAgeMs = KEPT_MS,
): Promise<z.output<S>> {
  const known = kept.get(arn);
  if (known !== undefined && performance.now() - known.readAt < maxAgeMs) return schema.parse(known.value);
  // Many at once wait for one read.
  const reading = underWay.get(arn) ?? fetchValue(arn).finally(() => underWay.delete(arn));
  underWay.set(arn, reading);
  const value = await reading;
  const data = parse(arn, schema, value);
  kept.set(arn, { value, readAt: performance.now() });
  return data;
}

/** Past the cache, for who is about to change it. Null while the secret has no value yet. */
export async function readSecretNow<S extends z.ZodType>(arn: string, schema: S): Promise<z.output<S> | null> {
  try {
    return parse(arn, schema, await fetchValue(arn));
  } catch (error) {
    // A secret without a value is told like one that does not exist.
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  }
}

/** Whether there is one of that name, with a value or without. */
export async function isSecret(arn: string): Promise<boolean> {
  try {
    await fetchValue(arn);
    return true;
  } catch (error) {
    // A secret without a value is told by the same exception, in other words.
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      return error.message.includes('secret value');
    throw error;
  }
}

/** Puts a new value, which every reader hears within five minutes; this process at once. */
export async function putSecret(arn: string, value: unknown): Promise<void> {
  client ??= new SecretsManagerClient({});
  await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify(value) }));
  kept.delete(arn);
}

const NEXT = 'POSTHASTE_NEXT';
const TRIES = 8;

/**
 * Changes a value of which others may change another part at the same time: the new version becomes the current one only if
 * the one it was made from still is. Readers hear it within five minutes, this process at once.
 */
export async function changeSecret<S extends z.ZodType>(
  arn: string,
  schema: S,
  change: (value: z.output<S> | null) => z.input<S>,
): Promise<void> {
  client ??= new SecretsManagerClient({});
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = await fetchCurrent(arn);
    const next = change(before === null ? null : parse(arn, schema, before.value));
    const made = randomUUID();
    const about = { SecretId: arn, SecretString: JSON.stringify(next) };
    await client.send(new PutSecretValueCommand({ ...about, ClientRequestToken: made, VersionStages: [NEXT] }));
    if (await becomesCurrent(arn, made, before?.versionId)) {
      kept.delete(arn);
      return;
    }
    await sleep(Math.random() * 100 * 2 ** tries);
  }
  throw new Error(`the secret ${arn} is changed by others all the time`);
}

async function becomesCurrent(arn: string, made: string, before: string | undefined): Promise<boolean> {
  // Of a secret without a value the first version is the current one by itself.
  if (before === undefined) return (await fetchCurrent(arn))?.versionId === made;
  try {
    const move = { SecretId: arn, VersionStage: 'AWSCURRENT', MoveToVersionId: made, RemoveFromVersionId: before };
    await client?.send(new UpdateSecretVersionStageCommand(move));
    return true;
  } catch (error) {
    // Somebody else's version is the current one, or took the label from ours before.
    const overtaken = ['InvalidParameterException', 'InvalidRequestException', 'ResourceNotFoundException'];
    if (error instanceof Error && overtaken.includes(error.name)) return false;
    throw error;
  }
}

async function fetchCurrent(arn: string): Promise<{ versionId: string; value: unknown } | null> {
  try {
    client ??= new SecretsManagerClient({});
    const { SecretString, VersionId } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return { versionId: VersionId ?? '', value: JSON.parse(SecretString ?? 'null') };
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  }
}

async function fetchValue(arn: string): Promise<unknown> {
  client ??= new SecretsManagerClient({});
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
  return JSON.parse(SecretString ?? 'null');
}

function parse<S extends z.ZodType>(arn: string, schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw new Error(`the secret ${arn} does not have the expected shape`);
  return result.data;
}
