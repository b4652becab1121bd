/** What a role allows in a project, what is given on top of it, and what staff may do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addMember, addPerson, addTenant, type Someone } from './seed.ts';

let open: OpenDatabase;
let projectId: string;
let owner: Someone;

beforeAll(async () => {
  open = await openDatabase();
  owner = await addPerson(open.sql, 'owner');
  ({ projectId } = await addTenant(open.sql, owner.userId));
});
afterAll(() => open.close());

const permissions = ['read', 'review', 'approve', 'write', 'manage'];

describe.each([
  ['viewer', [], 'read'],
  ['reviewer', [], 'read review'],
  ['approver', [], 'read review approve'],
  ['editor', [], 'read review write'],
  ['owner', [], 'read review approve write manage'],
  ['viewer', ['review'], 'read review'],
  ['viewer', ['approve', 'write'], 'read approve write'],
  ['editor', ['approve'], 'read review approve write'],
])('%s with %j', (role, more, allowed) => {
  it(`may ${allowed}`, async () => {
    const person = await addPerson(open.sql, role);
    await addMember(open.sql, projectId, person.userId, role);
    await open.sql('update project_collaborators set permissions = $2 where user_id = $1', [person.userId, more]);
    expect(await allowedTo(person)).toBe(allowed);
  });
});

it('an unknown permission is nobody’s', async () => {
  expect(await projectsOf(owner, 'everything')).toEqual([]);
});

it('a deleted project allows nothing, not even to its owner', async () => {
  const gone = await addTenant(open.sql, owner.userId);
  await open.sql('update projects set deleted_at = app.now() where id = $1', [gone.projectId]);
  expect(await projectsOf(owner, 'manage')).toEqual([projectId]);
});

it('who is a viewer of the installation only reads, even as an owner', async () => {
  const person = await addPerson(open.sql, 'viewer');
  await open.sql("update users set role = 'viewer' where id = $1", [person.userId]);
  await addMember(open.sql, projectId, person.userId, 'owner');
  expect(await allowedTo(person)).toBe('read');
});

describe.each([
  ['user', [false, false]],
  ['creator', [false, false]],
  ['viewer', [false, false]],
  ['moderator', [true, false]],
  ['admin', [true, true]],
])('a %s of the installation', (role, [moderates, administers]) => {
  it(`moderates: ${moderates}, administers: ${administers}`, async () => {
    const person = await addPerson(open.sql, role);
    await open.sql('update users set role = $2 where id = $1', [person.userId, role]);
    const [row] = await runAs(
      person,
      "select app.is_staff('moderator') as moderates, app.is_staff('admin') as administers",
    );
    expect(row).toEqual({ moderates, administers });
  });
});

async function allowedTo(person: Someone): Promise<string> {
  const allowed: string[] = [];
  for (const permission of permissions) {
    if ((await projectsOf(person, permission)).includes(projectId)) allowed.push(permission);
  }
  return allowed.join(' ');
}

async function projectsOf(person: Someone, permission: string): Promise<string[]> {
  const [row] = await runAs(person, `select app.projects_of('${permission}') as projects`);
  return Array.isArray(row?.projects) ? row.projects.map(String) : [];
}

async function runAs(person: Someone, text: string): Promise<Record<string, unknown>[]> {
  const client = await open.login('api');
  const call = JSON.stringify({ kind: 'actor', ...person });
  const { rows } = await client.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    call,
    text,
    [],
  ]);
  return rows.map(({ part }) => JSON.parse(part));
}
