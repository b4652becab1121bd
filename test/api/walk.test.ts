/** Every route there is, asked wrongly in the same few ways. A new door is walked without a line here. */
import { randomUUID } from 'node:crypto';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { maxBodyOf } from '../../functions/_kit/body.ts';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { listDoors } from '../../infra/doors.ts';
import { type Person, registerUser } from '../support/people.ts';
import { needsToken, takesToken } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

/** Whoever adds a route that needs no token says so here too. */
const OPEN = [
  'GET /.well-known/jwks.json',
  'GET /docs',
  'GET /docs/{file}',
  'GET /errors',
  'GET /health',
  'GET /invitations/{token}',
  'GET /join/{token}',
  'GET /openapi.json',
  'GET /reports/{token}',
  'GET /reset-password/{token}',
  'GET /v1/accounts/callback',
  'GET /v1/auth/callback',
  'GET /v1/auth/providers',
  'GET /v1/auth/sign-in/{token}',
  'GET /v1/invitations/by-token/{token}',
  'GET /v1/platforms',
  'GET /verify-email/{token}',
  'POST /v1/auth/forgot-password',
  'POST /v1/auth/login',
  'POST /v1/auth/login/second-factor',
  'POST /v1/auth/providers/{provider}/sign-in',
  'POST /v1/auth/refresh',
  'POST /v1/auth/register',
  'POST /v1/auth/resend-verification',
  'POST /v1/auth/reset-password',
  'POST /v1/auth/sign-in',
  'POST /v1/auth/verify-email',
  'POST /v1/invitations/decline',
];
/** Routes that answer with and without a token. */
const OPTIONAL = [
  'GET /v1/community/popular',
  'GET /v1/community/posts/{communityPostId}',
  'GET /v1/community/posts/{communityPostId}/comments',
  'GET /v1/community/search',
];
/** Routes that a platform sends people back to, with whatever it likes to add. */
const ADDED_TO = ['GET /v1/accounts/callback', 'GET /v1/auth/callback'];

const routes = (await listDoors())
  .flatMap(({ contract }) => (contract.kind === 'endpoint' && contract.method !== '$default' ? [contract] : []))
  .map((contract) => ({ name: `${contract.method} ${contract.path}`, contract }));
const withToken = routes.filter(({ contract }) => takesToken(contract));
/** A route that declares no body takes none, or an empty object. */
const withBody = routes.filter(({ contract }) => contract.method !== 'GET');
const withParams = withToken.filter(({ contract }) => contract.params !== undefined);

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

/** The path with values that its parameters could have, and that nothing has. */
function pathOf(contract: EndpointContract): string {
  return contract.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const shape = contract.params?.shape[name];
    const candidates = [randomUUID(), 'x'.repeat(43), 'x'.repeat(22), 'threads', 'swagger-ui.css', '7'];
    const value = candidates.find((candidate) => shape !== undefined && z.core.safeParse(shape, candidate).success);
    if (value === undefined) throw new Error(`${contract.path}: no value for ${name} is known`);
    return value;
  });
}

const forms = z.object({
  oneOf: z.array(z.object({ properties: z.record(z.string(), z.looseObject({ const: z.unknown().optional() })) })),
});

/** Of a body that has several forms, the field that says which one it is. */
function kindOf({ body }: EndpointContract): Record<string, unknown> {
  if (body === undefined) return {};
  const { $defs = {}, ...root } = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' });
  const found = forms.safeParse($defs[root.$ref?.split('/').at(-1) ?? ''] ?? root);
  const fields = Object.entries(found.data?.oneOf[0]?.properties ?? {});
  return Object.fromEntries(
    fields.flatMap(([name, field]) => (field.const === undefined ? [] : [[name, field.const]])),
  );
}

const tokenOf = (contract: EndpointContract) => (needsToken(contract) ? { token: ada.token } : {});

async function forged(): Promise<string> {
  const [head = '', claims = ''] = ada.token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  const { privateKey } = await generateKeyPair('EdDSA');
  return new SignJWT(JSON.parse(claims)).setProtectedHeader({ alg: 'EdDSA', ...JSON.parse(head) }).sign(privateKey);
}

test('the routes that need no token are these and no other', () => {
  const open = routes.filter(({ contract }) => contract.auth === 'public' || contract.auth === 'page');
  expect(open.map(({ name }) => name).toSorted()).toEqual(OPEN);
  expect(
    routes
      .filter(({ contract }) => contract.auth === 'optional')
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(OPTIONAL);
});

describe('without a token, or with one that somebody else made', () => {
  test.each(withToken)('$name', async ({ contract }) => {
    const path = pathOf(contract);
    const json = contract.body === undefined ? {} : { json: {} };
    if (needsToken(contract)) {
      const nobody = await world.call(contract.method, path, json);
      expect([nobody.status, nobody.code]).toEqual([401, 'unauthenticated']);
    }
    for (const authorization of [`Bearer ${await forged()}`, `Bearer ${ada.refreshToken}`, `Basic ${ada.token}`]) {
      const answer = await world.call(contract.method, path, { ...json, headers: { authorization } });
      expect([answer.status, answer.code]).toEqual([401, 'unauthenticated']);
    }
  });
});

describe('with a body that is no JSON', () => {
  test.each(withBody)('$name', async ({ contract }) => {
    const token = tokenOf(contract);
    const broken = await world.call(contract.method, pathOf(contract), { ...token, text: '{"a":' });
    expect([broken.status, broken.code]).toEqual([400, 'malformed_json']);
    const headers = { 'content-type': 'text/plain' };
    const plain = await world.call(contract.method, pathOf(contract), { ...token, text: '{}', headers });
    expect([plain.status, plain.code]).toEqual([415, 'unsupported_media_type']);
    const text = JSON.stringify({ a: 'x'.repeat(maxBodyOf(contract)) });
    const large = await world.call(contract.method, pathOf(contract), { ...token, text });
    expect([large.status, large.code]).toEqual([413, 'body_too_large']);
  });
});

describe('with a field that nobody declared', () => {
  test.each(routes.filter(({ name }) => !ADDED_TO.includes(name)))('$name', async ({ contract }) => {
    const query = await world.call(contract.method, `${pathOf(contract)}?nobodyDeclared=1`, {
      ...tokenOf(contract),
      ...(contract.body !== undefined && { json: {} }),
    });
    expect([query.status, query.code]).toEqual([422, 'invalid_request']);
    expect(query.pointers).toContain('/query/nobodyDeclared');
    if (contract.method === 'GET') return;
    const body = await world.call(contract.method, pathOf(contract), {
      ...tokenOf(contract),
      json: { ...kindOf(contract), nobodyDeclared: 1 },
    });
    expect([body.status, body.code]).toEqual([422, 'invalid_request']);
    expect(body.pointers).toContain('/body/nobodyDeclared');
    if (contract.body === undefined) expect(body.pointers).toEqual(['/body/nobodyDeclared']);
  });
});

describe('with an id that cannot be', () => {
  test.each(withParams)('$name', async ({ contract }) => {
    const path = contract.path.replaceAll(/\{\w+\}/g, '%00');
    const answer = await world.call(contract.method, path, {
      ...tokenOf(contract),
      ...(contract.body !== undefined && { json: {} }),
    });
    expect([answer.status, answer.code]).toEqual([404, 'not_found']);
  });
});

describe('with an id that nothing has', () => {
  test.each(withParams.filter(({ contract }) => contract.body === undefined))('$name', async ({ contract }) => {
    const answer = await world.call(contract.method, pathOf(contract), { token: ada.token });
    expect([answer.status, answer.code]).toEqual([404, 'not_found']);
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test('no line of the log says from where somebody asked', () => {
  expect(world.logs.length).toBeGreaterThan(0);
  expect(world.logs.filter((line) => /"(::ffff:)?127\.0\.0\.1"/.test(line))).toEqual([]);
});
