/** The policy of a POST form: signed, not expired, and every field of the form covered by a condition. */
import { z } from 'zod';
import { ServiceError } from './service-error.ts';
import { type Credentials, verifyPolicySignature } from './sigv4.ts';

const conditionShape = z.union([
  z.tuple([z.literal('content-length-range'), z.coerce.number(), z.coerce.number()]),
  z.tuple([z.enum(['eq', 'starts-with']), z.string().startsWith('$'), z.string()]),
  z.record(z.string(), z.string()).refine((entry) => Object.keys(entry).length === 1),
]);
const policyShape = z.object({ expiration: z.iso.datetime(), conditions: z.array(conditionShape) });

/** Fields that no condition needs to cover. */
const free = new Set(['x-amz-signature', 'file', 'policy']);

export interface SizeRange {
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** Throws the 403 of S3 unless the form may be posted; returns the size that the file may have. Field names are lower case. */
export function checkPolicy(
  form: { readonly bucket: string; readonly fields: ReadonlyMap<string, string> },
  by: { readonly credentials?: Credentials | undefined; readonly nowMs: number },
): SizeRange | undefined {
  const fields = new Map([['bucket', form.bucket], ...form.fields]);
  const [text, credential, signature] = ['policy', 'x-amz-credential', 'x-amz-signature'].map((name) =>
    fields.get(name),
  );
  if (text === undefined) throw denied('Access Denied');
  if (credential === undefined || signature === undefined || fields.get('x-amz-algorithm') !== 'AWS4-HMAC-SHA256') {
    throw new ServiceError('InvalidArgument', 'Bucket POST must contain the fields of a Signature Version 4 policy.');
  }
  if (by.credentials !== undefined) verifyPolicySignature({ policy: text, credential, signature }, by.credentials);
  const policy = parsePolicy(text);
  if (Date.parse(policy.expiration) <= by.nowMs) throw denied('Invalid according to Policy: Policy expired.');
  const covered = new Set<string>();
  let range: SizeRange | undefined;
  for (const condition of policy.conditions) {
    if (Array.isArray(condition) && condition[0] === 'content-length-range') {
      range = { minBytes: condition[1], maxBytes: condition[2] };
      continue;
    }
    const { name, holds } = fieldCondition(condition, fields);
    if (!holds) throw denied(`Invalid according to Policy: Policy Condition failed: ${JSON.stringify(condition)}`);
    covered.add(name);
  }
  const extra = [...form.fields.keys()].filter(
    (name) => !covered.has(name) && !free.has(name) && !name.startsWith('x-ignore-') && name !== 'bucket',
  );
  if (extra.length > 0) throw denied(`Invalid according to Policy: Extra input fields: ${extra.join(', ')}`);
  return range;
}

function fieldCondition(
  condition: Exclude<z.output<typeof conditionShape>, readonly ['content-length-range', number, number]>,
  fields: ReadonlyMap<string, string>,
): { readonly name: string; readonly holds: boolean } {
  if (!Array.isArray(condition)) {
    const [name = '', value = ''] = Object.entries(condition)[0] ?? [];
    return { name: name.toLowerCase(), holds: fields.get(name.toLowerCase()) === value };
  }
  const [kind, field, value] = condition;
  const name = String(field).slice(1).toLowerCase();
  const sent = fields.get(name);
  const holds = kind === 'eq' ? sent === value : sent?.startsWith(String(value)) === true;
  return { name, holds };
}

function parsePolicy(text: string): z.output<typeof policyShape> {
  try {
    return policyShape.parse(JSON.parse(Buffer.from(text, 'base64').toString('utf8')));
  } catch {
    throw new ServiceError('InvalidPolicyDocument', 'Invalid Policy: Invalid JSON.');
  }
}

function denied(message: string): ServiceError {
  return new ServiceError('AccessDenied', message, { status: 403 });
}
