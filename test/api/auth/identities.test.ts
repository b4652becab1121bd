/** Ways of signing in that a person links to the account, and takes away again. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SignedIn } from '../../../shared/auth/shapes.ts';
import { Identity } from '../../../shared/identities/shapes.ts';
import { addApp } from '../../support/factors.ts';
import { freePort } from '../../support/free-port.ts';
import { type Account, type IdentityProvider, startProvider } from '../../support/identity-provider.ts';
import { type Person, registerUser } from '../../support/people.ts';
import { addProvider, comeBack, finish } from '../../support/sign-in.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let provider: IdentityProvider;
let ada: Person;
beforeAll(async () => {
  const port = await freePort();
  world = await openWorld({ platformOrigins: [`http://127.0.0.1:${port}`] });
  provider = await startProvider(port, `${world.origin}/v1/auth/callback`);
  await addProvider(world, provider);
});
beforeEach(async () => {
  await world.moveClock(0);
  ada = await registerUser(world);
  provider.person = newAccount();
});
afterAll(async () => {
  await provider.close();
  await world.close();
});

const newAccount = (): Account => ({ sub: randomUUID(), email: `${randomUUID()}@example.com`, email_verified: true });
type Back = { readonly code: string; readonly codeVerifier: string };
const linkBy = ({ code, codeVerifier }: Back, { token }: Person = ada) =>
  world.call('POST', '/v1/auth/identities', { token, json: { code, codeVerifier } });
const link = async (person: Person = ada) => linkBy(await comeBack(world, person, 'link'), person);
const listOf = async ({ token }: Pick<Person, 'token'>) =>
  (await world.call('GET', '/v1/auth/identities', { token })).json(z.object({ data: z.array(Identity) })).data;
const unlink = (id: string, { token }: Pick<Person, 'token'> = ada) =>
  world.call('DELETE', `/v1/auth/identities/${id}`, { token });
const stepUpBy = ({ code, codeVerifier }: Back, { token }: Pick<Person, 'token'>) =>
  world.call('POST', '/v1/auth/step-up', { token, json: { signIn: { code, codeVerifier } } });
/** Somebody who has no password here. */
async function newcomer(): Promise<Person> {
  const { accessToken } = (await finish(world, await comeBack(world))).json(SignedIn);
  return { ...ada, token: accessToken };
}

describe('linking', () => {
  test('lets its person in by the provider from then on, and tells it by mail', async () => {
    const answer = await link();
    expect(answer.json(Identity)).toMatchObject({ provider: 'somewhere', label: 'Somewhere' });
    await world.tick('sweep');
    expect(world.mails(ada.email)[0]?.subject).toBe('You can sign in with Somewhere now');
    const { accessToken: token } = (await finish(world, await comeBack(world))).json(SignedIn);
    expect(JSON.parse((await world.call('GET', '/v1/me', { token })).text).id).toBe(ada.id);
    expect((await listOf(ada))[0]?.lastUsedAt).not.toBe(null);
  });

  test('again changes nothing', async () => {
    const first = (await link()).json(Identity);
    expect((await link()).json(Identity).id).toBe(first.id);
    expect(await listOf(ada)).toHaveLength(1);
  });

  test('what is linked to somebody else is refused', async () => {
    await link();
    const bob = await registerUser(world, 'Bob Second');
    const answer = await link(bob);
    expect([answer.status, answer.code]).toEqual([409, 'identity_taken']);
    expect(await listOf(bob)).toEqual([]);
  });

  test('is finished by the one who began: nobody’s identity ends up with another', async () => {
    const eve = await registerUser(world, 'Eve Other');
    // Eve begins; the person at the browser, tricked into going there, would be Ada.
    const back = await comeBack(world, eve, 'link');
    expect((await linkBy(back, ada)).code).toBe('invalid_token');
    expect((await linkBy(back, eve)).code).toBe('invalid_token');
    expect([await listOf(ada), await listOf(eve)]).toEqual([[], []]);
  });

  test('wants a session that has proven itself lately', async () => {
    const back = await comeBack(world, ada, 'link');
    await world.sql('update user_sessions set elevated_until = app.now() where user_id = $1', [ada.id]);
    const answer = await linkBy(back);
    expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
  });
});

describe('unlinking', () => {
  test('takes the way away, and tells it by mail', async () => {
    const { id } = (await link()).json(Identity);
    expect((await unlink(id)).status).toBe(204);
    await world.tick('sweep');
    expect(world.mails(ada.email)[0]?.subject).toBe('You no longer sign in with Somewhere');
    expect((await unlink(id)).code).toBe('not_found');
    // Who signs in by it now is somebody new.
    const { accessToken: token } = (await finish(world, await comeBack(world))).json(SignedIn);
    expect(JSON.parse((await world.call('GET', '/v1/me', { token })).text).id).not.toBe(ada.id);
  });

  test('never takes the last way in, also not with two at once', async () => {
    const person = await newcomer();
    const [first] = await listOf(person);
    const alone = await unlink(first?.id ?? '', person);
    expect([alone.status, alone.code]).toEqual([409, 'last_way_in']);
    provider.person = newAccount();
    expect((await link(person)).status).toBe(201);
    const ids = (await listOf(person)).map(({ id }) => id);
    const answers = await Promise.all(ids.map((id) => unlink(id, person)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409]);
    expect(await listOf(person)).toHaveLength(1);
  });

  test('is for one’s own', async () => {
    const { id } = (await link()).json(Identity);
    const eve = await registerUser(world, 'Eve Remover');
    expect((await unlink(id, eve)).code).toBe('not_found');
    expect(await listOf(ada)).toHaveLength(1);
  });
});

describe('a step-up by the provider', () => {
  const needs = async (person: Pick<Person, 'token'>) =>
    (await world.call('POST', '/v1/auth/factors', { token: person.token, json: {} })).code;
  const forget = () => world.sql('update user_sessions set elevated_until = app.now()');

  test('is how somebody without a password proves to be there', async () => {
    const person = await newcomer();
    await forget();
    expect(await needs(person)).toBe('step_up_needed');
    expect((await stepUpBy(await comeBack(world, person, 'step_up'), person)).status).toBe(200);
    expect(await needs(person)).toBe(null);
  });

  test('is not done by another identity', async () => {
    const person = await newcomer();
    await forget();
    provider.person = newAccount();
    const answer = await stepUpBy(await comeBack(world, person, 'step_up'), person);
    expect([answer.status, answer.code]).toEqual([422, 'sign_in_refused']);
    expect(await needs(person)).toBe('step_up_needed');
  });

  test('is not done by a link that was begun, nor for another session’s person', async () => {
    const person = await newcomer();
    expect((await stepUpBy(await comeBack(world, person, 'link'), person)).code).toBe('invalid_token');
    expect((await stepUpBy(await comeBack(world, person, 'step_up'), ada)).code).toBe('invalid_token');
  });

  test('is not enough where there is a second factor', async () => {
    const person = await newcomer();
    await addApp(world, person);
    const answer = await stepUpBy(await comeBack(world, person, 'step_up'), person);
    expect([answer.status, answer.code]).toEqual([403, 'second_factor_needed']);
  });
});

test('a proof goes back to nowhere that the provider’s settings do not allow', async () => {
  const json = { returnTo: 'https://elsewhere.example/', codeChallenge: 'x'.repeat(43), purpose: 'link' };
  const [row] = await world.sql('select name from identity_providers');
  const answer = await world.call('POST', `/v1/auth/providers/${row?.name}/proofs`, { token: ada.token, json });
  expect(answer.code).toBe('return_not_allowed');
});
