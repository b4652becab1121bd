/** Secrets Manager, read lazily and kept for five minutes, so that a rotation is heard without a deployment. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { z } from 'zod';

const KEPT_MS = 5 * 60_000;

let client: SecretsManagerClient | undefined;
const kept = new Map<string, { readonly value: unknown; readonly until: number }>();

/** The secret's JSON, parsed. A parse failure names the secret, never its content. */
export async function readSecret<S extends z.ZodType>(arn: string, schema: S): Promise<z.output<S>> {
  const known = kept.get(arn);
  if (known !== undefined && known.until > performance.now()) return schema.parse(known.value);
  client ??= new SecretsManagerClient({});
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
  const value: unknown = JSON.parse(SecretString ?? 'null');
  const result = schema.safeParse(value);
  if (!result.success) throw new Error(`the secret ${arn} does not have the expected shape`);
  kept.set(arn, { value, until: performance.now() + KEPT_MS });
  return result.data;
}
