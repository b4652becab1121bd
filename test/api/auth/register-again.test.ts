/** Whoever registers an address that somebody else wrote down first gets their own account, not the other's. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tokens } from '../../../shared/auth/shapes.ts';
import { MyProfile } from '../../../shared/me/shapes.ts';
import { mailedToken } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const mine = { password: 'my own seven words', displayName: 'Vera Victim' };
const theirs = { password: 'chosen by a squatter', displayName: 'Sid Squatter' };
const address = () => `squatted.${randomUUID().slice(0, 8)}@example.com`;

async function register(email: string, who: typeof mine): Promise<string> {
  const answer = await world.call('POST', '/v1/auth/register', { json: { email, ...who } });
  expect(answer.status).toBe(202);
  return mailedToken(world, email);
}

const verify = async (token: string) => (await world.call('POST', '/v1/auth/verify-email', { json: { token } })).code;
const login = (email: string, { password }: typeof mine) =>
  world.call('POST', '/v1/auth/login', { json: { email, password } });

test.each(['before', 'after'])(
  'of two who register, the first one %s, the link decides whose password is good',
  async (order) => {
    const email = address();
    const first = await register(email, order === 'before' ? theirs : mine);
    const second = await register(email, order === 'before' ? mine : theirs);
    const [link, other] = order === 'before' ? [second, first] : [first, second];
    expect(await verify(link)).toBeNull();
    expect((await login(email, theirs)).code).toBe('invalid_credentials');
    const { accessToken: token } = (await login(email, mine)).json(Tokens);
    expect((await world.call('GET', '/v1/me', { token })).json(MyProfile).displayName).toBe(mine.displayName);
    // The other link is good for nothing any more.
    expect(await verify(other)).toBe('invalid_token');
    expect((await login(email, theirs)).code).toBe('invalid_credentials');
    expect((await login(email, mine)).status).toBe(200);
  },
);

test.each(['before', 'after'])(
  'a link that is sent again, after a stranger registered %s, brings nobody’s password: one comes by mail',
  async (order) => {
    const email = address();
    for (const who of order === 'before' ? [theirs, mine] : [mine, theirs]) await register(email, who);
    await world.call('POST', '/v1/auth/resend-verification', { json: { email } });
    expect(await verify(mailedToken(world, email))).toBeNull();
    for (const who of [theirs, mine]) expect((await login(email, who)).code).toBe('invalid_credentials');
    await world.call('POST', '/v1/auth/forgot-password', { json: { email } });
    const json = { token: mailedToken(world, email, 'reset-password'), newPassword: mine.password };
    expect((await world.call('POST', '/v1/auth/reset-password', { json })).status).toBe(200);
    expect((await login(email, mine)).status).toBe(200);
  },
);

test('where nobody else registered, it brings the password that was chosen', async () => {
  const email = address();
  await register(email, mine);
  await world.call('POST', '/v1/auth/resend-verification', { json: { email } });
  expect(await verify(mailedToken(world, email))).toBeNull();
  expect((await login(email, mine)).status).toBe(200);
});

test('a mail to somebody whose account was made for them changes nothing of it', async () => {
  const email = address();
  await register(email, mine);
  await world.sql(`update users set role = 'admin' where email = $1`, [email]);
  await world.call('POST', '/v1/auth/register', { json: { email, ...theirs } });
  expect(world.mails(email)[0]?.subject).toBe('You are already registered');
});
