/** What came in, checked: token, parameters, query and body. Refuses with every field that is wrong at once. */
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { z } from 'zod';
import { isApiKey } from '../../shared/auth/api-key.ts';
import { hashWithSalt } from '../../shared/auth/password.ts';
import { type AccessClaims, hashToken, verifyAccessToken } from '../../shared/auth/tokens.ts';
import type { Caller } from '../../shared/db/caller.ts';
import type { Repeat } from '../../shared/db/client.ts';
import { AppError, type FieldError, fail } from '../../shared/errors.ts';
import { fieldWords } from '../../shared/text/field-words.ts';
import { pointerOf, pointerStep } from '../../shared/text/json-pointer.ts';
import { parseJson, readBody } from './body.ts';
import type { EndpointContract } from './contract.ts';

const MAX_DEPTH = 64;
/** Of the fields that are wrong so many are named. */
const MAX_PROBLEMS = 100;
const MAX_POINTER = 1_000;
/** Of a door that declares no body: a field that would do nothing is a mistake of its sender. */
const NO_FIELDS = z.strictObject({});

export async function authenticate(event: APIGatewayProxyEventV2): Promise<AccessClaims> {
  const token = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i.exec(
    event.headers.authorization ?? '',
  )?.[1];
  const claims = token === undefined ? null : await verifyAccessToken(token);
  return claims ?? fail('unauthenticated');
}

/** Whoever the Authorization field says; whether that person or key is alive is asked with the first statement. */
export async function identify(contract: EndpointContract, event: APIGatewayProxyEventV2): Promise<Caller> {
  const ip = event.requestContext.http.sourceIp;
  const { authorization } = event.headers;
  const open = contract.auth === 'public' || contract.auth === 'page';
  if (open || (contract.auth === 'optional' && authorization === undefined)) {
    return {
      kind: 'public',
      ip,
      userAgent: event.requestContext.http.userAgent,
      route: `${contract.method} ${contract.path}`,
    };
  }
  const key = /^Bearer (phk_\S+)$/i.exec(authorization ?? '')?.[1];
  if (key === undefined) {
    return { kind: 'actor', ip, ...(await authenticate(event)), ...(contract.stepUp === true && { stepUp: true }) };
  }
  if (!isApiKey(key)) fail('unauthenticated');
  if (contract.scope === undefined) fail('session_needed');
  return { kind: 'key', ip, keyHash: hashToken(key), scope: contract.scope };
}

export interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** The body as it was sent, for the hash of an Idempotency-Key. */
  readonly rawBody: string;
}

export function readInput(contract: EndpointContract, event: APIGatewayProxyEventV2): Input {
  const rawBody = readBody(contract, event);
  const problems: FieldError[] = [];
  const params = check(contract.params, event.pathParameters ?? {}, '/params', problems);
  // An id that cannot exist is answered like one that does not: shapes of ids are not told.
  if (problems.length > 0) fail('not_found');
  // Behind all routes a query has no fields: what is wrong there is the path or its method.
  const isRoute = contract.method !== '$default';
  const query = isRoute ? check(contract.query, readQuery(event, problems), '/query', problems) : undefined;
  const body = check(contract.body ?? NO_FIELDS, parseJson(rawBody), '/body', problems);
  if (problems.length > 0) fail('invalid_request', { fields: problems.slice(0, MAX_PROBLEMS).map(short) });
  return { params, query, body: contract.body === undefined ? undefined : body, rawBody };
}

/** A name that a client made up may be as long as its body. */
function short(problem: FieldError): FieldError {
  return { ...problem, pointer: problem.pointer.slice(0, MAX_POINTER), message: problem.message.slice(0, MAX_POINTER) };
}

function readQuery(event: APIGatewayProxyEventV2, problems: FieldError[]): Record<string, string> {
  const query: Record<string, string> = Object.create(null); // so that __proto__ is a name like any other
  for (const part of event.rawQueryString.split('&').filter((one) => one !== '')) {
    const [[name = '', value = ''] = []] = new URLSearchParams(part);
    const pointer = `/query/${pointerStep(name)}`;
    if (!isDecodable(part)) problems.push({ pointer, message: 'is not percent-encoded UTF-8', code: 'bad_encoding' });
    if (Object.hasOwn(query, name))
      problems.push({ pointer, message: 'is given more than once', code: 'duplicate_key' });
    query[name] = value;
  }
  return query;
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function check(schema: z.ZodType | undefined, value: unknown, root: string, problems: FieldError[]): unknown {
  if (schema === undefined) {
    if (typeof value === 'object' && value !== null) {
      problems.push(...Object.keys(value).map((name) => unknownField(`${root}/${pointerStep(name)}`)));
    }
    return undefined;
  }
  if (isTooDeep(value, 0)) {
    problems.push({ pointer: root, message: `is nested more than ${MAX_DEPTH} levels deep`, code: 'too_deep' });
    return undefined;
  }
  findBadValues(value, root, problems);
  problems.splice(MAX_PROBLEMS);
  const result = schema.safeParse(value, { error: fieldWords });
  const named = problems.map(({ pointer }) => `${pointer}/`);
  const wrong = result.error?.issues.flatMap((issue) => fieldErrors(issue, root)) ?? [];
  // What was named within a field is why the field is wrong.
  const isNamed = ({ pointer }: FieldError) => named.some((known) => known.startsWith(`${pointer}/`));
  problems.push(...wrong.slice(0, MAX_PROBLEMS).filter((one) => !isNamed(one)));
  return result.data;
}

function fieldErrors(issue: z.core.$ZodIssue, root: string): FieldError[] {
  const pointer = pointerOf(root, issue.path.map(String));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownField(`${pointer}/${pointerStep(key)}`));
  return [{ pointer, message: issue.message, code: issue.code }];
}

function unknownField(pointer: string): FieldError {
  return { pointer, message: 'is not a field of this request', code: 'unknown_field' };
}

/** What walks a value afterwards is recursive; a megabyte of brackets would be its end. */
function isTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth >= MAX_DEPTH || Object.values(value).some((inner) => isTooDeep(inner, depth + 1));
}

/** PostgreSQL stores neither NUL nor half a surrogate pair; of a number beyond 2^53 or 1.8e308 another one would be kept. */
function findBadValues(value: unknown, pointer: string, problems: FieldError[]): void {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed()) {
      problems.push({ pointer, message: 'contains a NUL or half a surrogate pair', code: 'bad_text' });
    }
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      problems.push({ pointer, message: 'is a number that cannot be kept exactly', code: 'number_out_of_range' });
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const at = `${pointer}/${pointerStep(key)}`;
      findBadValues(key, at, problems);
      findBadValues(inner, at, problems);
    }
  }
}

const written = z.record(z.string(), z.union([z.string(), z.number()]));

/** The path in one spelling, however it was sent. */
export function pathOf({ path }: EndpointContract, params: unknown): string {
  const values = written.parse(params ?? {});
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

/** The Idempotency-Key of a POST, bound to its path, and to query and body as they were sent. */
export function readRepeat(
  contract: EndpointContract,
  event: APIGatewayProxyEventV2,
  { params, rawBody }: Pick<Input, 'params' | 'rawBody'>,
): Repeat | undefined {
  const key = event.headers['idempotency-key'];
  if (contract.method !== 'POST' || key === undefined) return undefined;
  // The gateway joins fields that came twice with a comma: which of them was meant, nobody knows.
  if (!/^[\x21-\x2b\x2d-\x7e]{1,255}$/.test(key)) {
    throw new AppError('invalid_request', {
      fields: [
        { pointer: '/headers/idempotency-key', message: 'must be 1 to 255 visible ASCII characters without a comma' },
      ],
    });
  }
  const sent = event.rawQueryString === '' ? rawBody : `${rawBody}\n?${event.rawQueryString}`;
  return {
    route: `POST ${pathOf(contract, params)}`,
    key,
    // The hash is kept: where the body holds a password it must be as slow to guess as the password's own.
    bodyHash: contract.secretBody
      ? () => hashWithSalt(sent, createHash('sha256').update(key).digest())
      : createHash('sha256').update(sent).digest('base64url'),
    secret: contract.secretAnswer === true,
  };
}
