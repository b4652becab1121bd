/** The last owner of a project is deactivated: administrators find it, and hand it over; they do not take what is alive. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { HandOver, OwnerlessProject } from '../../../shared/admin/project-shapes.ts';
import { AuditEntry } from '../../../shared/audit/shapes.ts';
import { Member } from '../../../shared/members/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { addMember, createProject, login, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';
import { refusedOf, type Staff, staffOf } from './staff.ts';

let world: World;
let staff: Staff;
let owner: Person;
let editor: Person;
let other: Person;
let projectId: string;
let createdAt: string;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  staff = await staffOf(world);
});
beforeEach(async () => {
  owner = await registerUser(world, 'Olive Owner');
  editor = await registerUser(world, 'Ed Itor');
  other = await registerUser(world, 'Otto Other');
  ({ id: projectId, createdAt } = await createProject(world, owner, 'Spring'));
  await addMember(world, projectId, editor, 'editor');
});
afterAll(() => world.close());

const page = pageOf(OwnerlessProject);
const asAdmin = (method: string, path: string, more: Parameters<World['call']>[2] = {}) =>
  world.call(method, path, { token: staff.admin.token, ...more });
const act = (person: Person, action: string) =>
  asAdmin('POST', `/v1/admin/users/${person.id}/${action}`, {
    ...(action === 'deactivate' && { json: { reason: 'Left the company' } }),
  });
const set = (person: Person, state: string) => world.sql(`update users set ${state} where id = $1`, [person.id]);
const handOver = (to: string, more: { role?: string; key?: string; id?: string } = {}) =>
  asAdmin('POST', `/v1/admin/projects/${more.id ?? projectId}/transfer`, {
    json: { userId: to, ...(more.role !== undefined && { role: more.role }) },
    ...(more.key !== undefined && { idempotencyKey: more.key }),
  });
async function listed(query = '') {
  const answer = await asAdmin('GET', `/v1/admin/ownerless-projects?limit=100${query}`);
  expect(answer.status).toBe(200);
  return answer.json(page).data;
}
async function rolesNow(id = projectId): Promise<Record<string, unknown>> {
  const rows = await world.sql('select user_id, role from project_collaborators where project_id = $1', [id]);
  return Object.fromEntries(rows.map(({ user_id, role }) => [String(user_id), role]));
}
const project = (person: Person, method: string, path = '', json?: object) =>
  world.call(method, `/v1/projects/${projectId}${path}`, { token: person.token, ...(json !== undefined && { json }) });

test('to everybody but administrators the doors lead nowhere', async () => {
  await act(owner, 'deactivate');
  const before = await rolesNow();
  const json = { userId: editor.id };
  for (const [token, status] of [...refusedOf(staff), [editor.token, 404] as const]) {
    for (const path of [`/v1/admin/projects/${projectId}/transfer`, `/v1/admin/projects/${randomUUID()}/transfer`])
      expect([path, (await world.call('POST', path, { token, json })).status]).toEqual([path, status]);
    expect((await world.call('GET', '/v1/admin/ownerless-projects', { token })).status).toBe(status);
  }
  expect(await rolesNow()).toEqual(before);
});

describe('when the only owner has left the company', () => {
  beforeEach(async () => {
    expect((await act(owner, 'deactivate')).status).toBe(200);
  });

  test('nobody in the project can help themselves', async () => {
    const json = { userId: editor.id };
    expect((await project(editor, 'POST', '/transfer', json)).code).toBe('forbidden');
    expect((await project(editor, 'PATCH', `/members/${editor.id}`, { role: 'owner' })).code).toBe('forbidden');
  });

  test('the project is found, by its owner too, with nothing of what is in it', async () => {
    const [found] = await listed(`&ownerId=${owner.id}`);
    expect(found).toEqual({
      id: projectId,
      name: 'Spring',
      memberCount: 2,
      ownerIds: [owner.id],
      createdAt,
    });
    expect((await listed()).map(({ id }) => id)).toContain(projectId);
    expect(await listed(`&ownerId=${editor.id}`)).toEqual([]);
    expect(await listed(`&ownerId=${randomUUID()}`)).toEqual([]);
  });

  test('a member becomes the owner and manages it; the owner of before is an editor, when they come back too', async () => {
    const answer = await handOver(editor.id);
    expect([answer.status, answer.json(HandOver)]).toEqual([
      200,
      { projectId, ownerId: editor.id, formerOwnerIds: [owner.id], role: 'editor' },
    ]);
    expect(await rolesNow()).toEqual({ [owner.id]: 'editor', [editor.id]: 'owner' });
    expect((await project(editor, 'PATCH', '', { name: 'Ours now' })).status).toBe(200);
    expect(await listed(`&ownerId=${owner.id}`)).toEqual([]);
    expect((await act(owner, 'reactivate')).status).toBe(200);
    const back = { ...owner, token: (await login(world, owner.email)).accessToken };
    expect((await project(back, 'GET')).status).toBe(200);
    expect((await project(back, 'PATCH', '', { name: 'Mine again' })).code).toBe('forbidden');
  });

  test('who is no member becomes one; the owners of before become what is asked for', async () => {
    const second = await registerUser(world, 'Second Owner');
    await addMember(world, projectId, second, 'owner');
    await act(second, 'deactivate');
    const answer = await handOver(other.id, { role: 'viewer' });
    expect(answer.json(HandOver)).toEqual({
      projectId,
      ownerId: other.id,
      formerOwnerIds: [owner.id, second.id].toSorted(),
      role: 'viewer',
    });
    expect(await rolesNow()).toEqual({
      [owner.id]: 'viewer',
      [second.id]: 'viewer',
      [editor.id]: 'editor',
      [other.id]: 'owner',
    });
    const { data } = (await project(other, 'GET', '/members')).json(pageOf(Member));
    expect(data).toHaveLength(4);
  });

  test('both sides are told by mail, once', async () => {
    await world.sql(`update projects set name = 'see www.evil.example' where id = $1`, [projectId]);
    expect((await handOver(editor.id)).status).toBe(200);
    await world.tick('sweep');
    const [gained] = world.mails(editor.email);
    expect(gained?.subject).toBe('You are the owner of a project now');
    expect(gained?.text).toContain('owner of the project “see www. evil. example”');
    const [lost] = world.mails(owner.email);
    expect(lost?.subject).toBe('Your project has a new owner');
    expect(lost?.text).toContain('has made Ed Itor its owner');
    expect(lost?.text).toContain('You are an editor of it from now on');
    await world.tick('sweep');
    const about = (person: Person) => world.mails(person.email).filter(({ subject }) => subject.includes('project'));
    expect([about(editor).length, about(owner).length]).toEqual([1, 1]);
  });

  test('an address that was never proved gets no mail', async () => {
    await set(owner, 'email_verified_at = null');
    expect((await handOver(editor.id)).status).toBe(200);
    await world.tick('sweep');
    expect(world.mails(owner.email).map(({ subject }) => subject)).not.toContain('Your project has a new owner');
  });

  test('the owner reads in the audit log who did it', async () => {
    await handOver(editor.id);
    const answer = await world.call('GET', `/v1/audit?projectId=${projectId}&table=project_collaborators`, {
      token: editor.token,
    });
    const entries = answer.json(pageOf(AuditEntry)).data.filter(({ userId }) => userId === staff.admin.id);
    const told = entries.map(({ operation, subjectName, old, new: now }) => [operation, subjectName, old, now]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['update', 'Ed Itor', { role: 'editor' }, { role: 'owner' }],
        ['update', 'Olive Owner', { role: 'owner' }, { role: 'editor' }],
      ]),
    );
    expect(told).toHaveLength(2);
  });

  test('the second click is refused, with the same key it gets the first answer', async () => {
    const key = randomUUID();
    const first = await handOver(editor.id, { key });
    expect(first.status).toBe(200);
    const again = await handOver(editor.id, { key });
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await handOver(other.id, { key })).code).toBe('idempotency_mismatch');
    for (const person of [editor, other]) {
      const click = await handOver(person.id);
      expect([click.status, click.code]).toEqual([409, 'owner_active']);
    }
    const mails = await world.sql(
      `select payload ->> 'template' as template from outbox_events where kind = 'mail' and payload ->> 'to' = any ($1)
       and payload ->> 'template' like 'project-%' order by 1`,
      [[editor.email, owner.email]],
    );
    expect(mails.map(({ template }) => template)).toEqual(['project-handed-over', 'project-taken-over']);
  });

  test('fifty clicks at once with one key are one', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 50 }, () => handOver(other.id, { key })));
    const told = new Set(answers.map(({ status, code }) => code ?? status));
    expect([...told].filter((one) => one !== 200 && one !== 'idempotency_in_flight')).toEqual([]);
    expect(told.has(200)).toBe(true);
    const logged = await world.sql(
      `select operation from audit_log where project_id = $1 and table_name = 'project_collaborators' and user_id = $2`,
      [projectId, staff.admin.id],
    );
    expect(logged.map(({ operation }) => operation).toSorted()).toEqual(['insert', 'update']);
  });

  test.each([
    ['deactivated', `status = 'deactivated'`],
    ['not verified', 'email_verified_at = null'],
    ['about to be deleted', 'deletion_requested_at = app.now()'],
    ['one who only reads in the installation', `role = 'viewer'`],
  ])('nobody becomes the owner who is %s', async (_, state) => {
    for (const person of [editor, other]) {
      await set(person, state);
      const before = await rolesNow();
      const answer = await handOver(person.id);
      expect([answer.status, answer.code]).toEqual([409, 'wrong_state']);
      expect(await rolesNow()).toEqual(before);
    }
  });

  test('neither does who is gone or nobody; a project that is deleted or nobody’s is not there', async () => {
    await world.sql(
      `update users set status = 'deactivated', deletion_requested_at = app.now(), deleted_at = app.now() where id = $1`,
      [other.id],
    );
    for (const id of [other.id, randomUUID(), projectId]) expect((await handOver(id)).code).toBe('not_found');
    for (const id of [randomUUID(), editor.id]) expect((await handOver(editor.id, { id })).code).toBe('not_found');
    await world.sql('update projects set deleted_at = app.now() where id = $1', [projectId]);
    expect((await handOver(editor.id)).code).toBe('not_found');
    expect(await listed(`&ownerId=${owner.id}`)).toEqual([]);
  });

  test('a body that names nobody, or makes the former owner an owner, is refused at its place', async () => {
    const path = `/v1/admin/projects/${projectId}/transfer`;
    for (const [json, pointer] of [
      [{}, '/body/userId'],
      [{ userId: 'x' }, '/body/userId'],
      [{ userId: editor.id, role: 'owner' }, '/body/role'],
      [{ userId: editor.id, name: 'Mine' }, '/body/name'],
    ] as const) {
      const answer = await asAdmin('POST', path, { json });
      expect([answer.code, answer.pointers]).toEqual(['invalid_request', [pointer]]);
    }
  });

  test('a full project takes a member as its owner, and nobody new', async () => {
    const limits = await asAdmin('PUT', `/v1/admin/projects/${projectId}/quotas`, { json: { members: 2 } });
    expect(limits.status).toBe(200);
    expect((await handOver(other.id)).code).toBe('quota_exceeded');
    expect(await rolesNow()).toEqual({ [owner.id]: 'owner', [editor.id]: 'editor' });
    expect((await handOver(editor.id)).status).toBe(200);
  });

  test('an administrator who proved themselves long ago is asked to do so again', async () => {
    const { accessToken: token } = await login(world, staff.admin.email);
    await world.sql(
      `update user_sessions set elevated_until = app.now() - interval '1 second'
       where id = (select id from user_sessions where user_id = $1 order by id desc limit 1)`,
      [staff.admin.id],
    );
    const json = { userId: editor.id };
    const answer = await world.call('POST', `/v1/admin/projects/${projectId}/transfer`, { token, json });
    expect(answer.code).toBe('step_up_needed');
    expect((await world.call('GET', '/v1/admin/ownerless-projects', { token })).status).toBe(200);
  });

  test('who was an owner keeps nothing beyond the role that was chosen', async () => {
    await world.sql(
      `update project_collaborators set permissions = '{write,approve}' where project_id = $1 and user_id = $2`,
      [projectId, owner.id],
    );
    expect((await handOver(editor.id, { role: 'viewer' })).status).toBe(200);
    const kept = await world.sql('select permissions from project_collaborators where project_id = $1', [projectId]);
    expect(kept).toEqual([{ permissions: [] }, { permissions: [] }]);
    await act(owner, 'reactivate');
    const back = await login(world, owner.email);
    const json = { projectId, platform: 'community' };
    expect((await world.call('POST', '/v1/accounts', { token: back.accessToken, json })).code).toBe('forbidden');
  });

  test('who accepts an invitation as the owner at that moment is the owner, and nobody else becomes one', async () => {
    const elsewhere = await world.database.connect();
    try {
      await elsewhere.query('begin');
      await elsewhere.query(`insert into project_collaborators (project_id, user_id, role) values ($1, $2, 'owner')`, [
        projectId,
        other.id,
      ]);
      const handed = handOver(editor.id);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await elsewhere.query('commit');
      expect((await handed).code).toBe('owner_active');
    } finally {
      await elsewhere.end();
    }
    expect(await rolesNow()).toEqual({ [owner.id]: 'owner', [editor.id]: 'editor', [other.id]: 'owner' });
  });

  /** Meanwhile somebody else changes a person, and is not done yet when the hand-over begins. */
  async function handOverDuring(change: string, id: string) {
    const elsewhere = await world.database.connect();
    try {
      await elsewhere.query('begin');
      await elsewhere.query(`update users set ${change} where id = $1`, [id]);
      let answered = false;
      const handed = handOver(editor.id).finally(() => {
        answered = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(answered).toBe(false);
      await elsewhere.query('commit');
      return (await handed).code;
    } finally {
      await elsewhere.end();
    }
  }

  test('an owner who is let in again at that moment stays the owner', async () => {
    expect(await handOverDuring(`status = 'active'`, owner.id)).toBe('owner_active');
    expect(await rolesNow()).toEqual({ [owner.id]: 'owner', [editor.id]: 'editor' });
  });

  test('who is shut out at that moment does not become the owner', async () => {
    expect(await handOverDuring(`status = 'deactivated'`, editor.id)).toBe('wrong_state');
    expect(await rolesNow()).toEqual({ [owner.id]: 'owner', [editor.id]: 'editor' });
  });

  test('whoever comes first, handing over or letting in again, both answer and one owner is left', async () => {
    const [handed, back] = await Promise.all([handOver(editor.id), act(owner, 'reactivate')]);
    expect(back.status).toBe(200);
    expect([200, 'owner_active']).toContain(handed.code ?? handed.status);
    const [kept, made] = handed.status === 200 ? ['editor', 'owner'] : ['owner', 'editor'];
    expect(await rolesNow()).toEqual({ [owner.id]: kept, [editor.id]: made });
  });

  test('of two administrators who hand it to different people one is told that it has an owner', async () => {
    const answers = await Promise.all([handOver(editor.id), handOver(other.id)]);
    expect(answers.map(({ status, code }) => code ?? status).toSorted()).toEqual([200, 'owner_active']);
    expect(Object.values(await rolesNow()).filter((role) => role === 'owner')).toHaveLength(1);
  });
});

describe('a project that lives is not taken over', () => {
  const refused = async () => {
    const before = await rolesNow();
    for (const person of [editor, other, staff.admin]) {
      const answer = await handOver(person.id);
      expect([answer.status, answer.code]).toEqual([409, 'owner_active']);
    }
    expect(await rolesNow()).toEqual(before);
    expect(await listed(`&ownerId=${owner.id}`)).toEqual([]);
  };

  test('while its owner is active, locked out for a while, or has not decided yet to go', async () => {
    await refused();
    await set(owner, `locked_until = app.now() + interval '1 hour'`);
    await refused();
    await set(owner, 'deletion_requested_at = app.now()');
    await refused();
  });

  test('while one of several owners is active', async () => {
    await addMember(world, projectId, other, 'owner');
    await act(owner, 'deactivate');
    await refused();
    await act(other, 'deactivate');
    expect((await listed(`&ownerId=${owner.id}`)).map(({ ownerIds }) => ownerIds)).toEqual([[owner.id, other.id]]);
    expect((await handOver(editor.id)).status).toBe(200);
  });
});

test('an owner who may only read here can manage nothing either', async () => {
  await set(owner, `role = 'viewer'`);
  expect((await listed(`&ownerId=${owner.id}`)).map(({ id }) => id)).toEqual([projectId]);
  expect((await handOver(editor.id)).status).toBe(200);
});

test('whom an administrator deletes leaves a project that can be handed over before its time', async () => {
  expect((await asAdmin('DELETE', `/v1/admin/users/${owner.id}`)).status).toBe(200);
  expect((await listed(`&ownerId=${owner.id}`)).map(({ id }) => id)).toEqual([projectId]);
  expect((await handOver(other.id)).status).toBe(200);
  expect(await rolesNow()).toEqual({ [owner.id]: 'editor', [editor.id]: 'editor', [other.id]: 'owner' });
});

test('pages show each of many once, newest first, while more come, and are good for this list alone', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 6; n += 1) ids.unshift((await createProject(world, owner, `Many ${n}`)).id);
  ids.push(projectId);
  const late = await registerUser(world, 'Late Owner');
  const added = (await createProject(world, late)).id;
  await act(owner, 'deactivate');
  const seen: string[] = [];
  let cursor = '';
  do {
    const answer = await asAdmin('GET', `/v1/admin/ownerless-projects?limit=3${cursor}`);
    const { data, nextCursor } = answer.json(page);
    seen.push(...data.map(({ id }) => id));
    if (cursor === '') await act(late, 'deactivate');
    cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`;
  } while (cursor !== '');
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.filter((id) => ids.includes(id))).toEqual(ids);
  expect((await listed()).map(({ id }) => id)).toContain(added);
  const { nextCursor } = (await asAdmin('GET', '/v1/admin/ownerless-projects?limit=1')).json(page);
  for (const path of [`/v1/admin/users?limit=1&cursor=${nextCursor}`, `/v1/admin/ownerless-projects?cursor=x`])
    expect([path, (await asAdmin('GET', path)).code]).toEqual([path, 'invalid_cursor']);
  const filtered = `/v1/admin/ownerless-projects?ownerId=${owner.id}&cursor=${nextCursor}`;
  expect((await asAdmin('GET', filtered)).code).toBe('invalid_cursor');
});

test('the list is one question to the database, the hand-over one as well', async () => {
  await act(owner, 'deactivate');
  const line = z.looseObject({ requestId: z.string(), dataApiCalls: z.int() });
  const calls = (requestId: string | null) =>
    world.logs
      .map((text) => line.safeParse(JSON.parse(text)))
      .find(({ data }) => data !== undefined && data.requestId === requestId)?.data?.dataApiCalls;
  for (const answer of [await asAdmin('GET', '/v1/admin/ownerless-projects'), await handOver(editor.id)])
    expect([answer.status, calls(answer.headers.get('x-request-id'))]).toEqual([200, 1]);
});
