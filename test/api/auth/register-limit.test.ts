/** Nobody's inbox is flooded by registering its address, and nobody learns or takes anything by trying. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { hashToken } from '../../../shared/auth/tokens.ts';
import { type AnswerFrom, postFrom } from '../../support/from-address.ts';
import { createProject, mailedToken, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
beforeEach(() => world.moveClock(0));
afterAll(() => world.close());

const hour = 3600_000;
const address = () => `flooded.${randomUUID().slice(0, 8)}@example.com`;
const theirs = { password: 'chosen by a squatter', displayName: 'Sid Squatter' };
let callers = 0;
/** Each time from somewhere else. */
const register = (email: string, more: object = theirs) => {
  callers += 1;
  return postFrom(world, { address: `127.3.${callers >> 8}.${(callers & 255) + 1}` }, '/v1/auth/register', {
    email,
    ...more,
  });
};
const essence = ({ status, body }: AnswerFrom) => JSON.stringify([status, body]);
const verify = (token: string) => world.call('POST', '/v1/auth/verify-email', { json: { token } });
const login = (email: string, given: string) =>
  world.call('POST', '/v1/auth/login', { json: { email, password: given } });

test('an address is written to five times a day, however many ask; new, waiting and known are answered alike', {
  timeout: 60_000,
}, async () => {
  const person = await registerUser(world, 'Known Person');
  // The known one was written to when they registered.
  for (const email of [address(), person.email]) {
    const answers = [];
    for (let n = 0; n < 9; n += 1) answers.push(essence(await register(email)));
    expect(new Set(answers)).toEqual(new Set(['[202,{"status":"verification_sent"}]']));
    expect(world.mails(email)).toHaveLength(5);
    await world.moveClock(23 * hour);
    await register(email);
    expect(world.mails(email)).toHaveLength(5);
    await world.moveClock(25 * hour);
    for (let n = 0; n < 7; n += 1) await register(email);
    expect(world.mails(email)).toHaveLength(10);
    await world.moveClock(0);
  }
});

test('twenty at once are five mails, and two at once are two', async () => {
  const [many, twice] = [address(), address()];
  await Promise.all(Array.from({ length: 20 }, () => register(many)));
  expect(world.mails(many)).toHaveLength(5);
  await Promise.all([
    register(twice, { password, displayName: 'Double Click' }),
    register(twice, { password, displayName: 'Double Click' }),
  ]);
  expect(world.mails(twice)).toHaveLength(2);
  expect((await verify(mailedToken(world, twice))).status).toBe(200);
  expect((await login(twice, password)).status).toBe(200);
});

test('whoever comes after the flood takes no link of it for their own: it proves the address and gives nobody a way in', async () => {
  const email = address();
  for (let n = 0; n < 5; n += 1) await register(email);
  await register(email, { password, displayName: 'Vera Victim' });
  const links = world.mails(email).map(({ text }) => /verify-email\/(\S{43})\s/.exec(text ?? '')?.[1] ?? '');
  expect(links).toHaveLength(5);
  for (const link of links) await verify(link);
  for (const given of [theirs.password, password]) expect((await login(email, given)).code).toBe('invalid_credentials');
  await world.call('POST', '/v1/auth/forgot-password', { json: { email } });
  const token = mailedToken(world, email, 'reset-password');
  const reset = await world.call('POST', '/v1/auth/reset-password', { json: { token, newPassword: password } });
  expect(reset.status).toBe(200);
  expect((await login(email, password)).status).toBe(200);
});

test('a link that is asked for again after the flood brings no password either, and the next day all is as before', async () => {
  const email = address();
  for (let n = 0; n < 6; n += 1) await register(email);
  await world.call('POST', '/v1/auth/resend-verification', { json: { email } });
  const again = mailedToken(world, email);
  await world.moveClock(25 * hour);
  expect((await verify(again)).code).toBe('invalid_token');
  await register(email, { password, displayName: 'Vera Victim' });
  expect((await verify(mailedToken(world, email))).status).toBe(200);
  expect((await login(email, password)).status).toBe(200);
});

test('who holds an invitation to the address has read its mail, and is held by no flood', async () => {
  const email = address();
  const owner = await registerUser(world, 'Olivia Owner');
  const project = await createProject(world, owner);
  const invitationToken = 'j'.repeat(43);
  await world.sql(
    'insert into project_invitations (project_id, email, token_hash, role, created_by) values ($1, $2, $3, $4, $5)',
    [project.id, email, hashToken(invitationToken), 'editor', owner.id],
  );
  for (let n = 0; n < 7; n += 1) await register(email);
  await register(email, { password, displayName: 'Ina Invited', invitationToken: 'k'.repeat(43) });
  expect(world.mails(email)).toHaveLength(5);
  expect((await register(email, { password, displayName: 'Ina Invited', invitationToken })).status).toBe(202);
  expect((await login(email, password)).status).toBe(200);
});

test('nothing is counted by an address that can be read', async () => {
  const email = address();
  await register(email);
  const kept = JSON.stringify(await world.sql(`select * from auth_attempts where source = 'mail:register'`));
  expect(kept).toContain('mail:register');
  expect(kept).not.toContain(email);
});
