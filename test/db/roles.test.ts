/** The roles of the running code log in with the passwords that Secrets Manager holds, and with no other. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureRoles } from '../../infra/tools/roles.ts';
import { sqlRunner } from '../../infra/tools/sql-runner.ts';
import { type Login, loginOf, type OpenDatabase, openDatabase } from './database.ts';

const logins: readonly Login[] = ['api', 'worker', 'reporting'];
let open: OpenDatabase;

beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

describe.each(logins)('%s', (role) => {
  it('logs in with its password', async () => {
    const client = await open.login(role);
    const { rows } = await client.query('select current_user as me');
    expect(rows).toEqual([{ me: `posthaste_${role}` }]);
  });

  it('is refused with another', async () => {
    await expect(open.database.connect({ ...loginOf(role), password: 'guess' })).rejects.toMatchObject({
      code: '28P01',
    });
  });

  it('can make nothing: no table, no schema, no role', async () => {
    const client = await open.login(role);
    for (const sql of [
      'create table t ()',
      'create table app.t ()',
      'create schema s',
      'create role r',
      'create function f() returns int language sql as $$select 1$$',
    ]) {
      // Reporting only reads, so that it fits a replica: refused before anybody asks for rights.
      const code = role === 'reporting' ? '25006' : '42501';
      await expect(client.query(sql), sql).rejects.toMatchObject({ code });
    }
  });

  it('cannot become anybody mightier', async () => {
    const client = await open.login(role);
    for (const other of [
      'posthaste_migrator',
      ...logins.filter((name) => name !== role).map((name) => `posthaste_${name}`),
    ]) {
      await expect(client.query(`set role ${other}`), other).rejects.toMatchObject({ code: '42501' });
    }
  });
});

it('the public has no login', async () => {
  const nobody = { user: 'posthaste_public', password: 'guess' };
  await expect(open.database.connect(nobody)).rejects.toMatchObject({ code: '28P01' });
});

it('sends a verifier, never a password, and again changes nothing for whoever logs in', async () => {
  const passwords = {
    api: loginOf('api').password,
    worker: loginOf('worker').password,
    reporting: loginOf('reporting').password,
  };
  const sent: string[] = [];
  const run = sqlRunner(open.target);
  await ensureRoles((sql) => {
    sent.push(sql);
    return run(sql);
  }, passwords);
  expect(sent.filter((sql) => Object.values(passwords).some((password) => sql.includes(password)))).toEqual([]);
  expect(sent.filter((sql) => /password 'SCRAM-SHA-256\$4096:/.test(sql))).toHaveLength(3);
  await open.login('api');
});

it('takes over a new password', async () => {
  const kept = {
    api: loginOf('api').password,
    worker: loginOf('worker').password,
    reporting: loginOf('reporting').password,
  };
  const fresh = randomBytes(24).toString('base64url');
  try {
    await ensureRoles(sqlRunner(open.target), { ...kept, reporting: fresh });
    const client = await open.database.connect({ user: 'posthaste_reporting', password: fresh });
    await client.end();
    await expect(open.login('reporting')).rejects.toMatchObject({ code: '28P01' });
  } finally {
    await ensureRoles(sqlRunner(open.target), kept);
  }
});
