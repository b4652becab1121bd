/** Names, personal projects, owners and invitations, as the database alone keeps them. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addMember, addPerson, addRow, addTenant, type Someone } from './seed.ts';

let open: OpenDatabase;
let api: pg.Client;
let owner: Someone;
let other: Someone;
let projectId: string;

beforeAll(async () => {
  open = await openDatabase();
  api = await open.login('api');
});
beforeEach(async () => {
  owner = await addPerson(open.sql, 'owner');
  other = await addPerson(open.sql, 'other');
  projectId = (await addTenant(open.sql, owner.userId)).projectId;
});
afterAll(() => open.close());

/** Runs one statement as the person, through app.run: its rows. */
async function as(person: Someone, text: string, values: readonly string[] = [], client = api): Promise<unknown[]> {
  const call = JSON.stringify({ kind: 'actor', ...person });
  const { rows } = await client.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    call,
    text,
    values,
  ]);
  const lines = rows.map(({ part }) => part).join('');
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

const rolesIn = async (project: string) =>
  Object.fromEntries(
    (await open.sql('select user_id, role from project_collaborators where project_id = $1', [project])).map((row) => [
      String(row.user_id),
      row.role,
    ]),
  );

describe('a personal project', () => {
  const personal = 'select app.personal_project() as id';

  it('is made once per person, however many ask at once, and is theirs', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => open.login('api')));
    const answers = await Promise.all(clients.map((client) => as(owner, personal, [], client)));
    expect(new Set(answers.map((rows) => JSON.stringify(rows))).size).toBe(1);
    const made = await open.sql('select id, name from projects where created_by = $1 and personal', [owner.userId]);
    expect(made).toMatchObject([{ name: 'Personal' }]);
    expect(await rolesIn(String(made[0]?.id))).toEqual({ [owner.userId]: 'owner' });
    expect(await as(other, personal)).not.toEqual(answers[0]);
  });

  it('finds a name where Personal is taken, and is made anew once it was deleted', async () => {
    await addRow(open.sql, 'projects', { name: 'Personal', created_by: owner.userId });
    const first = await as(owner, personal);
    await open.sql('update projects set deleted_at = app.now() where created_by = $1 and personal', [owner.userId]);
    expect(await as(owner, personal)).not.toEqual(first);
    const names = await open.sql('select name from projects where created_by = $1 and personal', [owner.userId]);
    expect(names).toEqual([{ name: 'Personal 2' }, { name: 'Personal 2' }]);
  });
});

describe('the last owner', () => {
  const leave =
    'delete from project_collaborators where project_id = $1::uuid and user_id = app.user_id() returning role';
  const demote =
    "update project_collaborators set role = 'editor' where project_id = $1::uuid and user_id = app.user_id() returning role";

  it('neither leaves nor steps down, and may once there is another', async () => {
    await expect(as(owner, leave, [projectId])).rejects.toMatchObject({ code: 'PH012' });
    await expect(as(owner, demote, [projectId])).rejects.toMatchObject({ code: 'PH012' });
    await addMember(open.sql, projectId, other.userId, 'owner');
    expect(await as(owner, demote, [projectId])).toEqual([{ role: 'editor' }]);
    expect(await as(owner, leave, [projectId])).toEqual([{ role: 'editor' }]);
    expect(await rolesIn(projectId)).toEqual({ [other.userId]: 'owner' });
  });

  it('is one of two who leave at once', async () => {
    await addMember(open.sql, projectId, other.userId, 'owner');
    const [first, second] = [await open.login('api'), await open.login('api')];
    await first.query('begin');
    expect(await as(owner, leave, [projectId], first)).toHaveLength(1);
    const waiting = as(other, leave, [projectId], second).catch((error: unknown) => error);
    const waits =
      'select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()';
    await expect.poll(() => open.sql(waits)).toHaveLength(1);
    await first.query('commit');
    expect(await waiting).toMatchObject({ code: 'PH012' });
    expect(await rolesIn(projectId)).toEqual({ [other.userId]: 'owner' });
  });

  it('takes an exchange of roles in one statement', async () => {
    await addMember(open.sql, projectId, other.userId, 'editor');
    const exchange = `update project_collaborators set role = case role when 'owner' then 'editor' else 'owner' end
      where project_id = $1::uuid returning role`;
    expect(await as(owner, exchange, [projectId])).toHaveLength(2);
    expect(await rolesIn(projectId)).toEqual({ [owner.userId]: 'editor', [other.userId]: 'owner' });
  });

  it('goes with the account of the person, or with the project', async () => {
    await open.sql('delete from users where id = $1', [owner.userId]);
    expect(await rolesIn(projectId)).toEqual({});
    const theirs = (await addTenant(open.sql, other.userId)).projectId;
    await open.sql('delete from projects where id = $1', [theirs]);
    expect(await rolesIn(theirs)).toEqual({});
  });
});

describe('an invitation', () => {
  const accept = 'select outcome, role from app.accept_invitation($1)';
  async function invite(person: Someone, columns: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const tokenHash = randomUUID();
    const [row] = await open.sql('select email from users where id = $1', [person.userId]);
    const invitation = { project_id: projectId, email: row?.email, role: 'approver', token_hash: tokenHash };
    await addRow(open.sql, 'project_invitations', { ...invitation, permissions: ['write'], ...columns });
    return tokenHash;
  }
  const refused = (outcome: string) => [{ outcome, role: null }];

  it('makes a member once, of whom it was sent to', async () => {
    const token = await invite(other);
    const stranger = await addPerson(open.sql, 'stranger');
    expect(await as(stranger, accept, [token])).toEqual(refused('invitation_of_another'));
    expect(await as(other, accept, [token])).toEqual([{ outcome: 'ok', role: 'approver' }]);
    expect(await as(other, accept, [token])).toEqual([{ outcome: 'ok', role: 'approver' }]);
    const [member] = await open.sql('select role, permissions from project_collaborators where user_id = $1', [
      other.userId,
    ]);
    expect(member).toEqual({ role: 'approver', permissions: ['write'] });
  });

  it('is worth nothing when it expired or was revoked, or its project is gone', async () => {
    const expired = await invite(other, { expires_at: new Date(0), revoked_at: new Date() });
    const revoked = await invite(other, { revoked_at: new Date() });
    const late = await invite(other, { expires_at: new Date(0) });
    for (const token of [expired, revoked, late])
      expect(await as(other, accept, [token])).toEqual(refused('invalid_token'));
    await open.sql('update project_invitations set revoked_at = app.now() where accepted_at is null');
    const open_ = await invite(other);
    await open.sql('update projects set deleted_at = app.now() where id = $1', [projectId]);
    expect(await as(other, accept, [open_])).toEqual(refused('invalid_token'));
  });

  it('leaves a member what they are', async () => {
    await addMember(open.sql, projectId, other.userId, 'editor');
    expect(await as(other, accept, [await invite(other)])).toEqual([{ outcome: 'ok', role: 'editor' }]);
  });
});

it('a public project shows everybody what it is about, and not its free values', async () => {
  await open.sql(`update projects set is_public = true, metadata = '{"budget": 7}' where id = $1`, [projectId]);
  const read = async (text: string) => {
    const call = JSON.stringify({ kind: 'public', route: 'GET /', ip: null });
    return (await api.query('select app.run($1::jsonb, $2, $3::text[])', [call, text, [projectId]])).rows.length;
  };
  expect(await read('select name, tags from projects where id = $1::uuid')).toBe(1);
  await expect(read('select metadata from projects where id = $1::uuid')).rejects.toMatchObject({ code: '42501' });
  await open.sql('update projects set is_public = false where id = $1', [projectId]);
  expect(await read('select name, tags from projects where id = $1::uuid')).toBe(0);
});
