/** Where people may sign in, kept by administrators. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { IdentityProvider, SignInProvider } from '../../../shared/identities/shapes.ts';
import { type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let admin: Person;
let bob: Person;
beforeAll(async () => {
  world = await openWorld();
  [admin, bob] = await Promise.all([registerUser(world, 'Ada Admin'), registerUser(world, 'Bob Nobody')]);
  await world.sql(`update users set role = 'admin' where id = $1`, [admin.id]);
});
afterAll(() => world.close());

const root = '/v1/admin/identity-providers';
const google = {
  name: 'google',
  label: 'Google',
  issuer: 'https://accounts.google.com',
  clientId: 'posthaste.apps',
  clientSecret: 'a very secret secret',
};
const ask = (method: string, path: string, json?: unknown, { token }: Person = admin, headers = {}) =>
  world.call(method, path, { token, headers, ...(json !== undefined && { json }) });
const publicList = async () =>
  (await world.call('GET', '/v1/auth/providers')).json(z.object({ data: z.array(SignInProvider) })).data;

describe('a provider', () => {
  test('is added, listed for all, and its secret comes out nowhere', async () => {
    expect(await publicList()).toEqual([]);
    const added = await ask('POST', root, google);
    expect(added.status).toBe(201);
    const shown = added.json(IdentityProvider);
    expect(shown).toMatchObject({
      scopes: ['openid', 'email', 'profile'],
      returnOrigins: [],
      isEnabled: true,
      version: 1,
    });
    const list = await ask('GET', root);
    expect(list.json(z.object({ data: z.array(IdentityProvider) })).data).toEqual([shown]);
    expect((await ask('GET', `${root}/google`)).json(IdentityProvider)).toEqual(shown);
    expect(await publicList()).toEqual([{ name: 'google', label: 'Google' }]);
    const stored = JSON.stringify(await world.sql('select * from identity_providers'));
    for (const seen of [added.text, list.text, stored, world.logs.join('\n')])
      expect(seen).not.toContain(google.clientSecret);
    const again = await ask('POST', root, google);
    expect([again.status, again.code]).toEqual([409, 'provider_exists']);
  });

  test('is changed by the version that was seen, field by field', async () => {
    const seen = await ask('GET', `${root}/google`);
    const etag = { 'if-match': seen.headers.get('etag') ?? '' };
    const change = { label: 'Google account', returnOrigins: ['https://app.example.com'], scopes: ['openid'] };
    const changed = await ask('PATCH', `${root}/google`, change, admin, etag);
    expect(changed.json(IdentityProvider)).toMatchObject({ ...change, clientId: google.clientId, version: 2 });
    const stale = await ask('PATCH', `${root}/google`, { label: 'G' }, admin, etag);
    expect([stale.status, stale.code]).toEqual([412, 'stale']);
    const secret = 'update with me';
    const sealed = async () => (await world.sql('select client_secret_sealed as s from identity_providers'))[0]?.s;
    const before = await sealed();
    await ask('PATCH', `${root}/google`, { clientSecret: secret });
    expect(await sealed()).not.toBe(before);
    const emptied = await ask('PATCH', `${root}/google`, { returnOrigins: [] });
    expect(emptied.json(IdentityProvider).returnOrigins).toEqual([]);
  });

  test('that is switched off is shown to nobody but administrators', async () => {
    await ask('PATCH', `${root}/google`, { isEnabled: false });
    expect(await publicList()).toEqual([]);
    expect((await ask('GET', `${root}/google`)).json(IdentityProvider).isEnabled).toBe(false);
  });

  test('stays while somebody signs in by it, and goes then', async () => {
    const text = `insert into user_identities (user_id, provider, subject) values ($1, 'google', 'bob')`;
    await world.sql(text, [bob.id]);
    const used = await ask('DELETE', `${root}/google`);
    expect([used.status, used.code]).toEqual([409, 'in_use']);
    await world.sql('delete from user_identities');
    expect((await ask('DELETE', `${root}/google`)).status).toBe(204);
    for (const method of ['DELETE', 'GET']) expect((await ask(method, `${root}/google`)).code).toBe('not_found');
    expect((await ask('PATCH', `${root}/google`, { label: 'x' })).code).toBe('not_found');
  });

  test('is nothing to anybody else', async () => {
    const name = { ...google, name: 'forged' };
    for (const [method, path, json] of [
      ['GET', root],
      ['POST', root, name],
      ['GET', `${root}/google`],
      ['PATCH', `${root}/google`, { label: 'x' }],
      ['DELETE', `${root}/google`],
    ] as const) {
      const answer = await ask(method, path, json, bob);
      expect([method, answer.status, answer.code]).toEqual([method, 404, 'not_found']);
    }
    expect(await world.sql('select 1 from identity_providers')).toEqual([]);
  });

  test('lies on the public Internet, and speaks https', async () => {
    for (const issuer of [
      'http://id.example.com',
      'https://127.0.0.1/',
      'https://localhost',
      'https://169.254.169.254',
    ])
      expect([issuer, (await ask('POST', root, { ...google, issuer })).code]).toEqual([issuer, 'address_not_allowed']);
  });

  test('is named by an issuer without query and fragment', async () => {
    for (const issuer of [
      'https://example.com/#x',
      'https://example.com/?x=1',
      'https://example.com#',
      'https://example.com?',
    ]) {
      const answer = await ask('POST', root, { ...google, issuer });
      expect([issuer, answer.status, answer.pointers]).toEqual([issuer, 422, ['/body/issuer']]);
    }
  });

  test('is refused with fields that cannot be meant', async () => {
    const bad = { ...google, name: 'No Name', scopes: ['email'], returnOrigins: ['https://app.example.com/path'] };
    const answer = await ask('POST', root, bad);
    expect(answer.pointers.toSorted()).toEqual(['/body/name', '/body/returnOrigins/0', '/body/scopes']);
  });
});
