/** What administrators do with people, and what they cannot. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AdminUser, AdminUserDetails } from '../../../shared/admin/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { createProject, login, mailedToken, type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';
import { personOf, refusedOf, type Staff, staffOf } from './staff.ts';

let world: World;
let staff: Staff;
beforeAll(async () => {
  world = await openWorld();
  staff = await staffOf(world);
});
afterAll(() => world.close());

const page = pageOf(AdminUser);
const asAdmin = (method: string, path: string, more: Parameters<World['call']>[2] = {}) =>
  world.call(method, path, { token: staff.admin.token, ...more });
const at = ({ id }: Person, action = '') => `/v1/admin/users/${id}${action}`;
const tryLogin = ({ email }: Person) => world.call('POST', '/v1/auth/login', { json: { email, password } });
const me = (token: string) => world.call('GET', '/v1/me', { token });

async function listed(query: string) {
  const answer = await asAdmin('GET', `/v1/admin/users?${query}`);
  expect(answer.status).toBe(200);
  return answer.json(page).data;
}

test('to everybody but administrators the doors lead nowhere', async () => {
  const target = await registerUser(world, 'Tara Target');
  const before = await world.sql('select * from users where id = $1', [target.id]);
  const doors = [
    ['GET', '/v1/admin/users', undefined],
    ['GET', at(target), undefined],
    ['PATCH', at(target), { role: 'admin' }],
    ['POST', at(target, '/deactivate'), { reason: 'x' }],
    ['POST', at(target, '/reactivate'), undefined],
    ['POST', at(target, '/sign-out'), undefined],
    ['POST', at(target, '/unlock'), undefined],
    ['POST', at(target, '/verify-email'), undefined],
    ['POST', at(target, '/reset-password'), undefined],
    ['DELETE', at(target), undefined],
  ] as const;
  for (const [token, status] of refusedOf(staff))
    for (const [method, path, json] of doors)
      expect([method, path, (await world.call(method, path, { token, json })).status]).toEqual([method, path, status]);
  expect(await world.sql('select * from users where id = $1', [target.id])).toEqual(before);
  expect((await me(target.token)).status).toBe(200);
});

describe('the list', () => {
  test('finds people by any part of address, name and user name, and by id', async () => {
    const person = await registerUser(world, 'Zacharias Quill');
    await world.sql("update users set username = 'Quillpen' where id = $1", [person.id]);
    const parts = ['zacharias.q', 'ZACHARIAS Q', 'quillp', 'uill', 'illpe', 'RIAS quil', '.quill', 'za', 'Q'];
    for (const search of [...parts, person.email.toUpperCase(), person.id])
      expect([search, (await listed(`search=${encodeURIComponent(search)}`)).map(({ id }) => id)]).toEqual([
        search,
        [person.id],
      ]);
    for (const search of [
      '%',
      '_',
      '__',
      '%%%',
      'zacharias%',
      'zach%quill',
      'quill_en',
      '\\',
      '\\\\\\',
      randomUUID(),
      `' or true --`,
    ])
      expect([search, await listed(`search=${encodeURIComponent(search)}`)]).toEqual([search, []]);
  });

  test('takes what stands for itself as it stands, and letters by how they look', async () => {
    const person = await registerUser(world, 'Eve Percent');
    await world.sql('update users set display_name = $2 where id = $1', [person.id, 'Ève 100%_\\ sure']);
    for (const search of ['100%', '0%_\\ s', '%_\\', 'ève', 'E\u0300VE', '\u00c8ve 1'])
      expect([search, (await listed(`search=${encodeURIComponent(search)}`)).map(({ id }) => id)]).toEqual([
        search,
        [person.id],
      ]);
  });

  test('pages in each of its orders over everybody, once each, while people join', async () => {
    for (let n = 0; n < 4; n += 1) await registerUser(world, `Page Person ${'abcd'[n]}`);
    const [all] = await world.sql('select count(*)::integer as people from users');
    for (const sort of ['newest', 'email', 'lastLoginAt']) {
      const seen: z.output<typeof AdminUser>[] = [];
      let cursor = '';
      do {
        const answer = await asAdmin('GET', `/v1/admin/users?limit=3&sort=${sort}${cursor}`);
        const { data, nextCursor } = answer.json(page);
        seen.push(...data);
        cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`;
      } while (cursor !== '');
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
      expect([sort, seen.length]).toEqual([sort, all?.people]);
      const key = { newest: 'id', email: 'email', lastLoginAt: 'lastLoginAt' }[sort];
      const values = seen.map((row) => z.string().parse(Object.entries(row).find(([name]) => name === key)?.[1] ?? ''));
      // Instants leave out zeros at the end.
      const whole = (text: string) => text.replace(/(\.\d+)Z$/, (_, digits: string) => digits.padEnd(7, '0'));
      const sorted = values.toSorted((a, b) => (whole(a) < whole(b) ? -1 : 1));
      expect(values).toEqual(sort === 'email' ? sorted : sorted.toReversed());
    }
    const other = (await asAdmin('GET', '/v1/admin/users?limit=1')).json(page).nextCursor;
    expect((await asAdmin('GET', `/v1/admin/users?limit=1&sort=email&cursor=${other}`)).code).toBe('invalid_cursor');
  });

  test.each(['newest', 'email', 'lastLoginAt'])(
    'finds all of many, by %s, once each, while more join',
    async (sort) => {
      const join = (from: number, to: number) =>
        world.sql(
          `insert into users (email, password_hash, display_name, last_login_at)
           select 'p' || n || '@many.example', 'x', 'Somebody', case when n % 3 = 0 then now() - n * interval '1 minute' end
           from generate_series($1::integer, $2::integer) n`,
          [from, to],
        );
      for (const [from, to] of [
        [1, 950],
        [951, 1_100],
      ] as const) {
        await join(from, to);
        const seen: string[] = [];
        let cursor = '';
        do {
          const answer = await asAdmin('GET', `/v1/admin/users?search=many.exam&limit=100&sort=${sort}${cursor}`);
          const { data, nextCursor } = answer.json(page);
          seen.push(...data.map(({ email }) => email));
          // From here on more than a thousand fit, which are found another way.
          if (cursor === '' && to === 950) await join(2_000, 2_099);
          cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`;
        } while (cursor !== '');
        const known = Array.from({ length: to }, (_, index) => `p${index + 1}@many.example`);
        expect(seen.length).toBe(new Set(seen).size);
        expect(known.filter((email) => !seen.includes(email))).toEqual([]);
      }
      await world.sql("delete from users where email like '%@many.example'");
    },
  );

  test('filters by role and state, and takes only what is declared', async () => {
    const locked = await registerUser(world, 'Lola Locked');
    await world.sql("update users set locked_until = now() + interval '1 hour' where id = $1", [locked.id]);
    await world.call('POST', '/v1/auth/register', {
      json: { email: 'unverified@example.com', password, displayName: 'U' },
    });
    expect((await listed('role=moderator')).map(({ id }) => id)).toEqual([staff.moderator.id]);
    expect((await listed('status=deactivated')).map(({ id }) => id)).toEqual([staff.formerAdmin.id]);
    expect((await listed('status=locked')).map(({ id }) => id)).toEqual([locked.id]);
    expect((await listed('status=unverified')).map(({ email }) => email)).toEqual(['unverified@example.com']);
    expect((await asAdmin('GET', '/v1/admin/users?sort=password_hash')).pointers).toEqual(['/query/sort']);
    expect((await asAdmin('GET', '/v1/admin/users?role=king')).status).toBe(422);
  });
});

test('a look at a person shows what is theirs, no hash, and is noted in the log', async () => {
  const person = await registerUser(world, 'Lea Looked-at');
  const project = await createProject(world, person, 'Hers');
  await world.sql("insert into user_identities (user_id, provider, subject) values ($1, 'google', 'secret-subject')", [
    person.id,
  ]);
  const answer = await asAdmin('GET', at(person));
  expect(answer.json(AdminUserDetails.strict())).toMatchObject({
    id: person.id,
    email: person.email,
    role: 'user',
    secondFactor: false,
    hasPassword: true,
    sessions: [{ ip: '127.0.0.1' }],
    projects: [{ id: project.id, name: 'Hers', role: 'owner' }],
    identities: [{ provider: 'google' }],
  });
  expect(answer.text).not.toMatch(/argon2|hash|secret-subject|sealed/);
  const looks = await world.sql(
    `select user_id, operation, new_values from audit_log where table_name = 'user' and new_values ->> 'user' = $1`,
    [person.id],
  );
  expect(looks).toEqual([{ user_id: staff.admin.id, operation: 'access', new_values: { user: person.id } }]);
  await world.sql(
    "insert into mfa_factors (user_id, kind, secret_sealed, confirmed_at) values ($1, 'totp', 'x', now())",
    [person.id],
  );
  expect((await asAdmin('GET', at(person))).json(AdminUserDetails).secondFactor).toBe(true);
});

describe('the role', () => {
  test('holds from the next request on, and goes by the version that was seen', async () => {
    const person = await registerUser(world, 'Rita Role');
    const etag = (await asAdmin('GET', at(person))).headers.get('etag') ?? '';
    const promoted = await asAdmin('PATCH', at(person), { json: { role: 'admin' }, headers: { 'if-match': etag } });
    expect(promoted.json(AdminUser)).toMatchObject({ id: person.id, role: 'admin' });
    expect((await world.call('GET', '/v1/admin/users', { token: person.token })).status).toBe(200);
    const late = await asAdmin('PATCH', at(person), { json: { role: 'viewer' }, headers: { 'if-match': etag } });
    expect([late.status, late.code]).toEqual([412, 'stale']);
    expect((await asAdmin('PATCH', at(person), { json: { role: 'user' } })).status).toBe(200);
    expect((await world.call('GET', '/v1/admin/users', { token: person.token })).status).toBe(404);
    const [row] = await world.sql(
      `select user_id, old_values, new_values from audit_log where table_name = 'users' and row_id = $1 and operation = 'update'
       order by id desc limit 1`,
      [person.id],
    );
    expect(row).toEqual({ user_id: staff.admin.id, old_values: { role: 'admin' }, new_values: { role: 'user' } });
  });

  test('nobody changes, deactivates or deletes themselves here', async () => {
    const { admin } = staff;
    for (const [method, path, json] of [
      ['PATCH', at(admin), { role: 'user' }],
      ['POST', at(admin, '/deactivate'), { reason: 'x' }],
      ['DELETE', at(admin), undefined],
    ] as const) {
      const answer = await asAdmin(method, path, { json });
      expect([method, answer.status, answer.code]).toEqual([method, 409, 'not_oneself']);
    }
  });

  test('asks a session that has not proven itself of late to do so', async () => {
    const { admin } = staff;
    const { accessToken: token } = await login(world, admin.email);
    await world.sql(
      'update user_sessions set elevated_until = now() where user_id = $1 and elevated_until is not null',
      [admin.id],
    );
    const person = await registerUser(world, 'Steph Step');
    const answer = await world.call('PATCH', at(person), { token, json: { role: 'admin' } });
    expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
    await world.sql("update user_sessions set elevated_until = now() + interval '1 hour' where user_id = $1", [
      admin.id,
    ]);
  });
});

test('of two last administrators who end each other at once, one stays', async () => {
  const other = await personOf(world, 'Bea Both', 'admin');
  const { admin } = staff;
  const answers = await Promise.all([
    world.call('PATCH', at(other), { token: admin.token, json: { role: 'user' } }),
    world.call('POST', at(admin, '/deactivate'), { token: other.token, json: { reason: 'Coup' } }),
  ]);
  const codes = answers.map(({ status, code }) => code ?? status);
  // The loser is told that it would be the last one, or is no administrator any more.
  expect(codes.filter((code) => code === 200)).toHaveLength(1);
  expect(['last_admin', 'not_found', 'unauthenticated']).toContain(codes.find((code) => code !== 200));
  const [left] = await world.sql(
    "select count(*)::integer as admins from users where role = 'admin' and status = 'active' and deleted_at is null",
  );
  expect(left?.admins).toBe(1);
  await world.sql("update users set role = 'admin', status = 'active' where id = $1", [admin.id]);
  await world.sql("update users set role = 'user' where id = $1", [other.id]);
  // Nobody brings an ended session back: only the schema's owner can, for the tests that follow.
  await world.sql('alter table user_sessions disable trigger user_sessions_stay_ended');
  await world.sql('update user_sessions set revoked_at = null where user_id = $1', [admin.id]);
  await world.sql('alter table user_sessions enable trigger user_sessions_stay_ended');
});

test('the last administrator cannot be lost by any door', async () => {
  // Somebody who is on the way out is no administrator that counts.
  const leaving = await personOf(world, 'Liv Leaving', 'admin');
  await world.sql('update users set deletion_requested_at = now() where id = $1', [leaving.id]);
  const { token } = leaving;
  for (const [method, path, json] of [
    ['PATCH', at(staff.admin), { role: 'moderator' }],
    ['POST', at(staff.admin, '/deactivate'), { reason: 'x' }],
    ['DELETE', at(staff.admin), undefined],
  ] as const) {
    const answer = await world.call(method, path, { token, json });
    expect([method, answer.status, answer.code]).toEqual([method, 409, 'last_admin']);
  }
  expect((await world.call('GET', '/v1/admin/users?limit=1', { token: staff.admin.token })).status).toBe(200);
});

describe('deactivating', () => {
  test('refuses sessions from the next request on, with a reason that others read, and is taken back', async () => {
    const person = await registerUser(world, 'Dora Done');
    const done = await asAdmin('POST', at(person, '/deactivate'), { json: { reason: 'Sold the account' } });
    expect(done.json(AdminUser)).toMatchObject({ status: 'deactivated', statusReason: 'Sold the account' });
    expect((await me(person.token)).status).toBe(401);
    expect((await tryLogin(person)).code).toBe('invalid_credentials');
    const refresh = { json: { refreshToken: person.refreshToken } };
    expect((await world.call('POST', '/v1/auth/refresh', refresh)).status).toBe(401);
    const again = await asAdmin('POST', at(person, '/deactivate'), { json: { reason: 'Twice' } });
    expect([again.status, again.code]).toEqual([409, 'wrong_state']);
    const back = await asAdmin('POST', at(person, '/reactivate'));
    expect(back.json(AdminUser)).toMatchObject({ status: 'active', statusReason: null });
    expect((await asAdmin('POST', at(person, '/reactivate'))).code).toBe('wrong_state');
    // What was signed in before stays ended.
    expect((await me(person.token)).status).toBe(401);
    expect((await tryLogin(person)).status).toBe(200);
    expect((await asAdmin('POST', at(person, '/deactivate'), { json: { reason: 'a\nb' } })).status).toBe(422);
  });

  test('one Idempotency-Key deactivates once, and a repeat gets the same answer', async () => {
    const person = await registerUser(world, 'Ivy Idempotent');
    const send = () =>
      asAdmin('POST', at(person, '/deactivate'), { json: { reason: 'Once' }, idempotencyKey: `key-${person.id}` });
    const first = await send();
    const second = await send();
    expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
  });
});

test('signing out everywhere ends every session and no other right', async () => {
  const person = await registerUser(world, 'Sid Signed');
  const { accessToken } = await login(world, person.email);
  expect((await asAdmin('POST', at(person, '/sign-out'))).status).toBe(200);
  for (const token of [person.token, accessToken]) expect((await me(token)).status).toBe(401);
  expect((await tryLogin(person)).status).toBe(200);
});

test('unlocking and verifying by hand let somebody in', async () => {
  const email = 'by.hand@example.com';
  await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'By Hand' } });
  const [row] = await world.sql('select id from users where email = $1', [email]);
  const person = { id: String(row?.id), email } as const;
  expect((await world.call('POST', '/v1/auth/login', { json: { email, password } })).code).toBe('invalid_credentials');
  const verified = await asAdmin('POST', `/v1/admin/users/${person.id}/verify-email`);
  expect(verified.json(AdminUser).emailVerifiedAt).not.toBeNull();
  // Who registered it may have been anybody: whoever reads the mail of the address chooses the password.
  expect((await world.call('POST', '/v1/auth/login', { json: { email, password } })).code).toBe('invalid_credentials');
  expect((await world.call('POST', '/v1/auth/forgot-password', { json: { email } })).status).toBe(202);
  const chosen = { token: mailedToken(world, email, 'reset-password'), newPassword: password };
  expect((await world.call('POST', '/v1/auth/reset-password', { json: chosen })).status).toBe(200);
  await world.sql(
    "update users set failed_login_attempts = 50, locked_until = now() + interval '1 hour' where id = $1",
    [person.id],
  );
  expect((await asAdmin('GET', `/v1/admin/users/${person.id}`)).json(AdminUser).lockedUntil).not.toBeNull();
  expect((await asAdmin('POST', `/v1/admin/users/${person.id}/unlock`)).json(AdminUser).lockedUntil).toBeNull();
  expect((await world.call('POST', '/v1/auth/login', { json: { email, password } })).status).toBe(200);
});

test('demanding a new password ends the old one and all sessions, and mails a link to its owner alone', async () => {
  const person = await registerUser(world, 'Pia Password');
  const answer = await asAdmin('POST', at(person, '/reset-password'));
  expect([answer.status, answer.text]).toEqual([202, '{"status":"mailed"}']);
  expect((await tryLogin(person)).code).toBe('invalid_credentials');
  expect((await me(person.token)).status).toBe(401);
  const [mail] = world.mails(person.email);
  expect(mail?.subject).toBe('Please choose a new password');
  expect(mail?.text).toMatch(/\/reset-password\/[\w-]{43}\n/);
  const [token] = await world.sql('select used_at from password_reset_tokens where user_id = $1', [person.id]);
  expect(token).toEqual({ used_at: null });
  // The door sends it; the sweeper has nothing left to send.
  const before = world.mails(person.email).length;
  await world.moveClock(120_000);
  await world.tick('sweep');
  await world.moveClock(0);
  expect(world.mails(person.email)).toHaveLength(before);
});

test('a deletion begins at once, and is taken back within its grace time', async () => {
  const person = await registerUser(world, 'Gary Gone');
  const deleted = await asAdmin('DELETE', at(person));
  expect(deleted.json(AdminUser)).toMatchObject({ status: 'deactivated' });
  expect(deleted.json(AdminUser).deletionRequestedAt).not.toBeNull();
  expect((await me(person.token)).status).toBe(401);
  expect((await asAdmin('DELETE', at(person))).code).toBe('wrong_state');
  expect((await listed('status=leaving')).map(({ id }) => id)).toContain(person.id);
  expect((await asAdmin('POST', at(person, '/reactivate'))).json(AdminUser)).toMatchObject({
    status: 'active',
    deletionRequestedAt: null,
  });
  expect((await tryLogin(person)).status).toBe(200);
});

test('nobody who is gone is administered', async () => {
  const person = await registerUser(world, 'Nora Nobody');
  await world.sql('update users set deleted_at = now() where id = $1', [person.id]);
  for (const [method, path] of [
    ['GET', at(person)],
    ['DELETE', at(person)],
    ['POST', at(person, '/reset-password')],
    ['POST', at({ ...person, id: randomUUID() }, '/sign-out')],
  ] as const)
    expect((await asAdmin(method, path)).status).toBe(404);
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
