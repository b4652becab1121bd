/** What the row of a person promises: one name for one person, and a profile that a login does not touch. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson } from './seed.ts';

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

const openSession = async (userId: string, ip: string | null) => {
  const [opened] = await open.sql('select * from app.open_session($1, $2, null, $3)', [userId, randomUUID(), ip]);
  return opened;
};

it('a user name is one person’s, however it is written, until they are deleted', async () => {
  const [ada, rival] = [await addPerson(open.sql, 'ada'), await addPerson(open.sql, 'rival')];
  const take = (userId: string, name: string) =>
    open.sql('update users set username = $2 where id = $1', [userId, name]);
  await take(ada.userId, 'Ada');
  await expect(take(rival.userId, 'aDA')).rejects.toMatchObject({ constraint: 'users_username_key' });
  await open.sql('update users set deleted_at = app.now() where id = $1', [ada.userId]);
  await take(rival.userId, 'aDA');
});

it('a login is noted without making the profile a newer one', async () => {
  const { userId } = await addPerson(open.sql, 'ada');
  const read = () => open.sql('select version, updated_at, last_login_at from users where id = $1', [userId]);
  const [before] = await read();
  expect(await openSession(userId, '198.51.100.7')).toMatchObject({ outcome: 'ok' });
  const [after] = await read();
  expect(after).toEqual({ ...before, last_login_at: expect.any(Date) });
  await open.sql("update users set bio = 'Writes.' where id = $1", [userId]);
  expect((await read())[0]?.version).toBe(Number(before?.version) + 1);
});

it('an address that is none keeps nobody out', async () => {
  const { userId } = await addPerson(open.sql, 'ada');
  expect(await openSession(userId, 'unknown')).toMatchObject({ outcome: 'ok' });
  expect(await openSession(userId, '2001:db8::7')).toMatchObject({ outcome: 'ok' });
  const rows = await open.sql(
    'select host(ip) as ip from user_sessions where user_id = $1 and user_agent is null and ip is not null',
    [userId],
  );
  expect(rows).toEqual([{ ip: '2001:db8::7' }]);
});
