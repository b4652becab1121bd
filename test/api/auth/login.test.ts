import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashBy } from '../../../shared/auth/password.ts';
import { Tokens } from '../../../shared/auth/shapes.ts';
import { Me } from '../../../shared/users/shapes.ts';
import type { Answer } from '../../support/call.ts';
import { type Client, postFrom } from '../../support/from-address.ts';
import { addMember, createProject, type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

const login = (json: unknown, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/login', { json, ...(idempotencyKey !== undefined && { idempotencyKey }) });

test('gives an access token that says who one is, and for how long', async () => {
  const answer = await login({ email: ` ${ada.email.toUpperCase()}`, password });
  const tokens = answer.json(Tokens);
  expect(tokens).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const me = await world.call('GET', '/v1/me', { token: tokens.accessToken });
  expect(me.json(Me)).toMatchObject({ id: ada.id, email: ada.email, displayName: 'Ada Lovelace', role: 'user' });
});

test('a wrong password and an unknown address get the same answer', async () => {
  const wrong = await login({ email: ada.email, password: 'not the password' });
  const unknown = await login({ email: 'nobody@example.com', password });
  expect([wrong.status, wrong.code]).toEqual([401, 'invalid_credentials']);
  const withoutId = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
  expect(withoutId(unknown.text)).toBe(withoutId(wrong.text));
});

test('whoever registers an address learns nothing of it by logging in with the password that they gave', async () => {
  const answers = [];
  for (const email of [ada.email, 'unverified@example.com']) {
    await world.call('POST', '/v1/auth/register', {
      json: { email, password: 'a password of my own', displayName: 'Eve' },
    });
    answers.push(await login({ email, password: 'a password of my own' }));
  }
  const withoutId = ({ text }: Answer) => text.replace(/"requestId":"[^"]*"/, '');
  expect(answers.map(({ code }) => code)).toEqual(['invalid_credentials', 'invalid_credentials']);
  expect(answers.map(withoutId)[0]).toBe(answers.map(withoutId)[1]);
});

test('a deactivated person cannot log in, and is out with the next request', async () => {
  const person = await registerUser(world, 'Former Colleague');
  await world.sql(`update users set status = 'deactivated' where id = $1`, [person.id]);
  expect((await world.call('GET', '/v1/me', { token: person.token })).code).toBe('unauthenticated');
  expect((await login({ email: person.email, password })).code).toBe('invalid_credentials');
});

test('a hash by older parameters is made anew, and stays good', async () => {
  const person = await registerUser(world, 'Early Adopter');
  const hashOf = async () =>
    String((await world.sql('select password_hash from users where id = $1', [person.id]))[0]?.password_hash);
  const old = await hashBy(`$argon2id$v=19$m=8192,t=1,p=1$${'B'.repeat(22)}`, password);
  await world.sql('update users set password_hash = $2 where id = $1', [person.id, old]);
  expect((await login({ email: person.email, password: 'not the password' })).code).toBe('invalid_credentials');
  expect(await hashOf()).toBe(old);
  for (let n = 0; n < 2; n += 1) expect((await login({ email: person.email, password })).status).toBe(200);
  const renewed = await hashOf();
  expect(renewed).toContain('$m=19456,t=2,p=1$');
  await login({ email: person.email, password });
  expect(await hashOf()).toBe(renewed);
});

test('rights that were taken are gone with the next request, not after the token’s life', async () => {
  const [owner, person] = [await registerUser(world, 'Olivia Owner'), await registerUser(world, 'Edith Editor')];
  const project = await createProject(world, owner);
  await addMember(world, project.id, person, 'editor');
  const write = () =>
    world.call('POST', '/v1/media', {
      token: person.token,
      json: { projectId: project.id, fileName: 'cat.jpg', mimeType: 'image/jpeg', bytes: 1_000 },
    });
  expect((await write()).status).toBe(201);
  await world.sql(`update project_collaborators set role = 'viewer' where user_id = $1`, [person.id]);
  expect((await write()).code).toBe('forbidden');
  await world.sql(`update project_collaborators set role = 'editor' where user_id = $1`, [person.id]);
  await world.sql(`update users set role = 'viewer' where id = $1`, [person.id]);
  expect((await write()).code).toBe('forbidden');
  await world.sql('delete from project_collaborators where user_id = $1', [person.id]);
  expect((await write()).code).toBe('not_found');
});

test('a device or a neighbourhood that is new is told by mail, the first and the known ones are not', async () => {
  const person = await registerUser(world, 'Travelling Person');
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
  const told = async (from: Client) => {
    const json = { email: person.email, password };
    expect((await postFrom(world, from, '/v1/auth/login', json)).status).toBe(200);
    await world.tick('sweep');
    return world.mails(person.email).filter(({ subject }) => subject === 'A login from a new device');
  };
  expect(await told({ address: '127.0.0.1', userAgent: 'node' })).toEqual([]);
  const [mail] = await told({ address: '127.0.0.1', userAgent: chrome });
  expect(mail?.text).toMatch(/on \d{4}-\d\d-\d\d \d\d:\d\d UTC by Chrome on Windows, from the address 127\.0\.0\.1\./);
  expect(await told({ address: '127.0.9.9', userAgent: chrome.replace('142', '143') })).toHaveLength(1);
  expect(await told({ address: '127.5.0.1', userAgent: chrome })).toHaveLength(2);
  expect(await told({ address: '127.5.0.1', userAgent: 'evil <b>http://x.example/</b>' })).toHaveLength(3);
  expect(world.mails(person.email)[0]?.text).not.toContain('http://x');
});

test('tokens are not kept: a repeated Idempotency-Key is told that it is done', async () => {
  const first = await login({ email: ada.email, password }, 'login-1');
  expect(first.status).toBe(200);
  const again = await login({ email: ada.email, password }, 'login-1');
  expect([again.status, again.code]).toEqual([409, 'already_done']);
  const other = await login({ email: ada.email, password: `${password}!` }, 'login-1');
  expect([other.status, other.code]).toEqual([409, 'idempotency_mismatch']);
  const kept = JSON.stringify(await world.sql('select * from idempotency_keys'));
  const { accessToken, refreshToken } = first.json(Tokens);
  for (const secret of [accessToken, refreshToken, refreshToken.split('.')[1] ?? ''])
    expect(kept).not.toContain(secret);
});

test('neither token nor password reaches the database or the log in the clear', async () => {
  const { accessToken, refreshToken } = (await login({ email: ada.email, password })).json(Tokens);
  const stored = JSON.stringify([
    await world.sql('select * from users'),
    await world.sql('select * from user_sessions'),
  ]);
  const seen = stored + world.logs.join('\n');
  for (const secret of [accessToken, refreshToken.split('.')[1] ?? '', password]) expect(seen).not.toContain(secret);
});
