import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Me } from '../../../shared/users/shapes.ts';
import { type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

test('says who one is, in one call to the database', async () => {
  const answer = await world.call('GET', '/v1/me', { token: ada.token });
  const { id, email, displayName, role, createdAt } = answer.json(Me);
  expect({ id, email, displayName, role }).toEqual({
    id: ada.id,
    email: ada.email,
    displayName: 'Ada Lovelace',
    role: 'user',
  });
  expect(Date.now() - Date.parse(createdAt)).toBeLessThan(60_000);
  const line = world.logs.findLast((text) => text.includes('"route":"GET /v1/me"'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ operation: 'getMe', status: 200, dataApiCalls: 1 });
});

test('without a token, or with one that is no access token, nobody is anybody', async () => {
  for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: `Bearer ${ada.refreshToken}` }]) {
    const answer = await world.call('GET', '/v1/me', { headers });
    expect([answer.status, answer.code]).toEqual([401, 'unauthenticated']);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }
});

test('a token that somebody else signed is refused', async () => {
  const [head = '', claims = ''] = ada.token.split('.');
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
  const { privateKey } = await generateKeyPair('EdDSA');
  const forged = await new SignJWT(JSON.parse(Buffer.from(claims, 'base64url').toString()))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
    .sign(privateKey);
  expect((await world.call('GET', '/v1/me', { token: forged })).code).toBe('unauthenticated');
});

test('a database that is away is said within seconds, and may be asked again', async () => {
  world.faults.arm({
    point: 'data-api:getMe:before',
    action: 'error',
    error: 'DatabaseUnavailableException',
    times: 99,
  });
  const answer = await world.call('GET', '/v1/me', { token: ada.token });
  expect([answer.status, answer.code]).toEqual([503, 'database_unavailable']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  world.faults.clear();
  expect((await world.call('GET', '/v1/me', { token: ada.token })).status).toBe(200);
});

test('a database that wakes up is waited for', async () => {
  world.faults.arm({ point: 'data-api:getMe:before', action: 'error', error: 'DatabaseResumingException', times: 3 });
  expect((await world.call('GET', '/v1/me', { token: ada.token })).status).toBe(200);
});
