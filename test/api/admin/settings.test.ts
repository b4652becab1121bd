/** Who may join, and how much of what everybody may have: what administrators decide for the installation. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { UserInvitation } from '../../../shared/admin/invitation-shapes.ts';
import { Settings } from '../../../shared/admin/settings-shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { Me } from '../../../shared/users/shapes.ts';
import { login, mailedToken, password } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';
import { refusedOf, type Staff, staffOf } from './staff.ts';

let world: World;
let staff: Staff;
beforeAll(async () => {
  world = await openWorld();
  staff = await staffOf(world);
});
afterEach(() => setRegistration('open'));
afterAll(() => world.close());

const asAdmin = (method: string, path: string, more: Parameters<World['call']>[2] = {}) =>
  world.call(method, path, { token: staff.admin.token, ...more });
const settings = async () => (await asAdmin('GET', '/v1/admin/settings')).json(Settings);
async function setRegistration(registration: string): Promise<void> {
  expect((await asAdmin('PATCH', '/v1/admin/settings', { json: { registration } })).status).toBe(200);
}
const register = (email: string, more: object = {}) =>
  world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'New Person', ...more } });
const isThere = async (email: string) =>
  (await world.sql('select 1 from users where email = $1', [email])).length === 1;
const freshEmail = () => `${randomUUID()}@example.com`;

async function invite(email: string, role?: string) {
  const answer = await asAdmin('POST', '/v1/admin/invitations', {
    json: { email, ...(role !== undefined && { role }) },
  });
  expect([answer.status, answer.code]).toEqual([201, null]);
  return answer.json(UserInvitation);
}

function invitationToken(email: string): string {
  const token = /\/join\/([\w-]{43})\s/.exec(world.mails(email)[0]?.text ?? '')?.[1];
  if (token === undefined) throw new Error(`there is no invitation to ${email}`);
  return token;
}

async function verifyAndLogIn(email: string) {
  const verified = await world.call('POST', '/v1/auth/verify-email', { json: { token: mailedToken(world, email) } });
  expect(verified.status).toBe(200);
  const { accessToken } = await login(world, email);
  return (await world.call('GET', '/v1/me', { token: accessToken })).json(Me);
}

test('to everybody but administrators the doors lead nowhere', async () => {
  const { id } = await invite(freshEmail());
  const doors = [
    ['GET', '/v1/admin/settings', undefined],
    ['PATCH', '/v1/admin/settings', { registration: 'closed' }],
    ['GET', '/v1/admin/invitations', undefined],
    ['POST', '/v1/admin/invitations', { email: freshEmail() }],
    ['POST', `/v1/admin/invitations/${id}/resend`, undefined],
    ['DELETE', `/v1/admin/invitations/${id}`, undefined],
    ['PUT', `/v1/admin/users/${staff.user.id}/quotas`, {}],
  ] as const;
  for (const [token, status] of refusedOf(staff))
    for (const [method, path, json] of doors)
      expect([method, path, (await world.call(method, path, { token, json })).status]).toEqual([method, path, status]);
  expect((await settings()).registration).toBe('open');
});

describe('the settings', () => {
  test('change by field, under the version that was seen, and stand in the log', async () => {
    const first = await asAdmin('GET', '/v1/admin/settings');
    const etag = first.headers.get('etag') ?? '';
    const json = { quotas: { project: { accounts: 5 }, user: { storageBytes: 1_000_000 } } };
    const changed = await asAdmin('PATCH', '/v1/admin/settings', { json, headers: { 'if-match': etag } });
    expect(changed.json(Settings)).toMatchObject({
      registration: 'open',
      quotas: {
        project: { accounts: 5, storageBytes: null, postsPerDay: null, members: null },
        user: { storageBytes: 1_000_000, projects: null },
      },
    });
    expect(await settings()).toEqual(changed.json(Settings));
    expect((await asAdmin('GET', '/v1/admin/settings')).headers.get('etag')).toBe(changed.headers.get('etag'));
    const late = await asAdmin('PATCH', '/v1/admin/settings', { json, headers: { 'if-match': etag } });
    expect([late.status, late.code]).toEqual([412, 'stale']);
    const back = { quotas: { project: { accounts: null }, user: { storageBytes: null } } };
    expect((await asAdmin('PATCH', '/v1/admin/settings', { json: back })).status).toBe(200);
    const rows = await world.sql(
      `select user_id, row_id, new_values from audit_log where table_name = 'quotas' order by id limit 2`,
    );
    expect(rows.map(({ row_id, new_values }) => [row_id, new_values])).toEqual(
      expect.arrayContaining([
        ['project,accounts', { most: 5 }],
        ['user,storageBytes', { most: 1_000_000 }],
      ]),
    );
    expect(rows.every(({ user_id }) => user_id === staff.admin.id)).toBe(true);
  });

  test('take nothing that is not declared, and no nonsense', async () => {
    for (const json of [
      { registration: 'sometimes' },
      { quotas: { project: { accounts: -1 } } },
      { quotas: { project: { accounts: 1.5 } } },
      { quotas: { project: { projects: 1 } } },
      { quotas: { planet: {} } },
      { version: 9 },
    ])
      expect([json, (await asAdmin('PATCH', '/v1/admin/settings', { json })).status]).toEqual([json, 422]);
  });

  test('ask a session that has not proven itself of late to do so', async () => {
    const { accessToken: token } = await login(world, staff.admin.email);
    await world.sql('update user_sessions set elevated_until = now() where user_id = $1', [staff.admin.id]);
    const answer = await world.call('PATCH', '/v1/admin/settings', { token, json: { registration: 'closed' } });
    expect(answer.code).toBe('step_up_needed');
    await world.sql("update user_sessions set elevated_until = now() + interval '1 hour' where user_id = $1", [
      staff.admin.id,
    ]);
  });
});

describe('registration', () => {
  test('closed, nobody comes in, invited or not', async () => {
    const email = freshEmail();
    await invite(email);
    await setRegistration('closed');
    await register(email, { invitationToken: invitationToken(email) });
    expect(await isThere(email)).toBe(false);
    const answer = await asAdmin('POST', '/v1/admin/invitations', { json: { email: freshEmail() } });
    expect([answer.status, answer.code]).toEqual([409, 'wrong_state']);
  });

  test('by invitation, who was asked comes in by the link, and nobody else with it', async () => {
    await setRegistration('invite_only');
    const email = freshEmail();
    const { id } = await invite(email, 'moderator');
    const invitation = { invitationToken: invitationToken(email) };
    const stranger = freshEmail();
    await register(stranger, invitation);
    await register(email);
    expect([await isThere(stranger), await isThere(email)]).toEqual([false, false]);
    expect((await register(email, invitation)).status).toBe(202);
    const [before] = await world.sql('select role from users where email = $1', [email]);
    expect(before?.role).toBe('user');
    const me = await verifyAndLogIn(email);
    expect(me.role).toBe('moderator');
    const [mine] = (await asAdmin('GET', '/v1/admin/invitations?state=accepted')).json(pageOf(UserInvitation)).data;
    expect(mine).toMatchObject({ id, email, role: 'moderator', acceptedBy: me.id, invitedBy: staff.admin.id });
    expect((await asAdmin('DELETE', `/v1/admin/invitations/${id}`)).code).toBe('wrong_state');
    expect((await asAdmin('POST', `/v1/admin/invitations/${id}/resend`)).code).toBe('wrong_state');
  });

  test('open, an invitation gives its role once the address is proven, and to nobody else', async () => {
    const email = freshEmail();
    await invite(email, 'creator');
    await register(email);
    expect((await verifyAndLogIn(email)).role).toBe('creator');
  });

  test('open, nobody is made staff by a registration that came without the invitation', async () => {
    const email = freshEmail();
    await invite(email, 'admin');
    await register(email);
    expect((await verifyAndLogIn(email)).role).toBe('user');
  });
});

describe('invitations', () => {
  test('go to whoever is not here yet, once at a time', async () => {
    const taken = await asAdmin('POST', '/v1/admin/invitations', { json: { email: staff.user.email.toUpperCase() } });
    expect([taken.status, taken.code]).toEqual([409, 'already_registered']);
    const email = freshEmail();
    const both = await Promise.all([1, 2].map(() => asAdmin('POST', '/v1/admin/invitations', { json: { email } })));
    expect(both.map(({ code }) => code ?? 'sent').toSorted()).toEqual(['already_invited', 'sent']);
    expect(world.mails(email)).toHaveLength(1);
    expect(both.map(({ text }) => text).join()).not.toContain(invitationToken(email));
  });

  test('are sent again with another link, revoked, and expire', async () => {
    await setRegistration('invite_only');
    const email = freshEmail();
    const { id } = await invite(email);
    const first = invitationToken(email);
    await world.moveClock(61_000);
    expect((await asAdmin('POST', `/v1/admin/invitations/${id}/resend`)).status).toBe(200);
    const second = invitationToken(email);
    expect(second).not.toBe(first);
    const page = (token: string) => world.call('GET', `/join/${token}`);
    expect((await page(first)).text).toContain('good no more');
    expect((await page(second)).text).toContain('<form');
    await register(email, { invitationToken: first });
    expect(await isThere(email)).toBe(false);
    await world.sql("update user_invitations set expires_at = now() - interval '1 second' where id = $1", [id]);
    expect((await page(second)).text).toContain('good no more');
    const [expired] = (await asAdmin('GET', '/v1/admin/invitations?state=expired')).json(pageOf(UserInvitation)).data;
    expect(expired?.id).toBe(id);
    await world.moveClock(122_000);
    expect((await asAdmin('POST', `/v1/admin/invitations/${id}/resend`)).status).toBe(200);
    expect((await asAdmin('DELETE', `/v1/admin/invitations/${id}`)).status).toBe(204);
    expect((await asAdmin('DELETE', `/v1/admin/invitations/${id}`)).status).toBe(204);
    await register(email, { invitationToken: invitationToken(email) });
    expect(await isThere(email)).toBe(false);
    expect((await asAdmin('DELETE', `/v1/admin/invitations/${randomUUID()}`)).code).toBe('not_found');
    await world.moveClock(0);
  });

  test('flood nobody: an address is written to once a minute and five times a day, whoever asks and however', async () => {
    const email = freshEmail();
    let { id } = await invite(email);
    const resend = () => asAdmin('POST', `/v1/admin/invitations/${id}/resend`);
    const link = invitationToken(email);
    const tooSoon = await resend();
    expect([tooSoon.status, tooSoon.code]).toEqual([429, 'too_many_requests']);
    expect(Number(tooSoon.headers.get('retry-after'))).toBeGreaterThan(50);
    expect([world.mails(email).length, invitationToken(email)]).toEqual([1, link]);
    expect((await world.call('GET', `/join/${link}`)).text).toContain('<form');
    for (let n = 1; n <= 2; n += 1) {
      await world.moveClock(n * 61_000);
      expect((await resend()).status).toBe(200);
    }
    // Revoked and invited anew is written to once more, too.
    for (let n = 0; n < 2; n += 1) {
      expect((await asAdmin('DELETE', `/v1/admin/invitations/${id}`)).status).toBe(204);
      id = (await invite(email)).id;
    }
    await world.moveClock(240_000);
    expect((await resend()).code).toBe('too_many_requests');
    expect((await asAdmin('DELETE', `/v1/admin/invitations/${id}`)).status).toBe(204);
    const sixth = await asAdmin('POST', '/v1/admin/invitations', { json: { email } });
    expect([sixth.status, sixth.code]).toEqual([429, 'too_many_requests']);
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(23 * 3_600);
    expect(world.mails(email)).toHaveLength(5);
    await world.moveClock(0);
  });

  test('are listed in pages, newest first, by state', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.unshift((await invite(freshEmail())).id);
    const first = (await asAdmin('GET', '/v1/admin/invitations?state=open&limit=2')).json(pageOf(UserInvitation));
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const path = `/v1/admin/invitations?state=open&limit=2&cursor=${first.nextCursor}`;
    expect((await asAdmin('GET', path)).json(pageOf(UserInvitation)).data[0]?.id).toBe(ids[2]);
  });

  test('say nothing of whoever is erased', async () => {
    const email = freshEmail();
    await invite(email);
    await world.sql('insert into users (email, display_name, email_verified_at) values ($1, $2, now())', [
      email,
      'Gone',
    ]);
    await world.sql('delete from users where email = $1', [email]);
    expect(await world.sql('select 1 from user_invitations where email = $1', [email])).toEqual([]);
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
