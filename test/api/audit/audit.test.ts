/** The log of changes: who reads what of it, how it is taken away, and whether it is as it was. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AuditEntry, ProjectVerification, Revealed, Verification } from '../../../shared/audit/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { addMember, createProject, login, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';
import { refusedOf, type Staff, staffOf } from '../admin/staff.ts';

let world: World;
let staff: Staff;
let owner: Person;
let editor: Person;
let projectId: string;
let otherId: string;
beforeAll(async () => {
  world = await openWorld();
  staff = await staffOf(world);
  owner = await registerUser(world, 'Olga Owner');
  editor = await registerUser(world, 'Ed Editor');
  projectId = (await createProject(world, owner, 'Watched')).id;
  otherId = (await createProject(world, staff.user, 'Elsewhere')).id;
  await addMember(world, projectId, editor, 'editor');
  for (const name of ['Renamed once', '=HYPERLINK("http://evil.example")'])
    await world.call('PATCH', `/v1/projects/${projectId}`, { token: owner.token, json: { name } });
});
afterAll(() => world.close());

const page = pageOf(AuditEntry);
type Entry = z.output<typeof AuditEntry>;

async function read(token: string, query = '') {
  const answer = await world.call('GET', `/v1/audit?${query}`, { token });
  expect([answer.status, answer.code]).toEqual([200, null]);
  return answer.json(page);
}

async function readAll(token: string, query: string): Promise<Entry[]> {
  const seen: Entry[] = [];
  let cursor = '';
  do {
    const { data, nextCursor } = await read(token, `${query}${cursor}`);
    seen.push(...data);
    cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`;
  } while (cursor !== '');
  return seen;
}

describe('reading', () => {
  test.each(['0000-01-01T00:00:00Z', '2026-11-21T00:00:00-23:59'])(
    'an instant that is none is named: %s',
    async (at) => {
      for (const path of ['/v1/audit', '/v1/audit/export.csv', '/v1/audit/export.ndjson'])
        for (const field of ['from', 'to']) {
          const answer = await world.call('GET', `${path}?${field}=${at}`, { token: owner.token });
          expect([path, answer.status, answer.pointers]).toEqual([path, 422, [`/query/${field}`]]);
        }
    },
  );

  test('an owner reads what is about their projects, and who did it by name', async () => {
    const { data } = await read(owner.token, 'limit=100');
    expect(new Set(data.map((entry) => entry.projectId))).toEqual(new Set([projectId]));
    const renamed = data.find(({ table, operation }) => table === 'projects' && operation === 'update');
    expect(renamed).toMatchObject({
      actor: 'person',
      userId: owner.id,
      userName: 'Olga Owner',
      rowId: projectId,
      old: { name: { hidden: 'personal' } },
      new: { name: { hidden: 'personal' } },
    });
    const joined = data.find(({ table, rowId }) => table === 'project_collaborators' && rowId?.includes(editor.id));
    expect(joined).toMatchObject({ operation: 'insert', subjectName: 'Ed Editor', new: { role: 'editor' } });
  });

  test('an administrator reads everything, anybody else nothing', async () => {
    const all = await read(staff.admin.token, 'limit=100');
    expect(all.data.some((entry) => entry.projectId === otherId)).toBe(true);
    expect(all.data.some(({ table }) => table === 'users')).toBe(true);
    expect((await read(staff.moderator.token)).data).toEqual([]);
    expect((await read(editor.token, `projectId=${projectId}`)).data).toEqual([]);
    expect((await read(owner.token, `projectId=${otherId}`)).data).toEqual([]);
    expect((await world.call('GET', '/v1/audit', { token: staff.formerAdmin.token })).status).toBe(401);
  });

  test('each filter narrows, and all of them together', async () => {
    const { token } = staff.admin;
    const [one] = (await read(token, `projectId=${projectId}&table=projects&operation=update`)).data;
    if (one === undefined) throw new Error('nothing was logged');
    const cases: readonly [string, (entry: Entry) => boolean][] = [
      [`userId=${owner.id}`, ({ userId }) => userId === owner.id],
      ['actor=public', ({ actor }) => actor === 'public'],
      ['table=users', ({ table }) => table === 'users'],
      [`table=projects&rowId=${projectId}`, ({ rowId }) => rowId === projectId],
      ['operation=insert', ({ operation }) => operation === 'insert'],
      [`requestId=${encodeURIComponent(String(one.requestId))}`, ({ requestId }) => requestId === one.requestId],
      [`from=${encodeURIComponent(one.occurredAt)}`, ({ occurredAt }) => occurredAt >= one.occurredAt],
      [`to=${encodeURIComponent(one.occurredAt)}`, ({ occurredAt }) => occurredAt < one.occurredAt],
    ];
    for (const [query, fits] of cases) {
      const { data } = await read(token, `${query}&limit=100`);
      expect([query, data.length > 0, data.every(fits)]).toEqual([query, true, true]);
    }
    const query = `projectId=${projectId}&userId=${owner.id}&table=projects&operation=update&rowId=${projectId}`;
    expect((await read(token, query)).data).toHaveLength(2);
    expect((await world.call('GET', '/v1/audit?from=yesterday', { token })).pointers).toEqual(['/query/from']);
  });

  test('pages stay stable while more is written, newest first, each row once', async () => {
    const { token } = staff.admin;
    const first = await read(token, 'limit=5');
    const written = await registerUser(world, 'Late Comer');
    const rest = await readAll(token, `limit=100&to=${encodeURIComponent(first.data[4]?.occurredAt ?? '')}`);
    const second = await read(token, `limit=5&cursor=${first.nextCursor}`);
    expect(second.data.some(({ userId, subjectId }) => [userId, subjectId].includes(written.id))).toBe(false);
    const ids = [...first.data, ...second.data].map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(new Set(ids).size).toBe(10);
    expect(rest.length).toBeGreaterThan(5);
  });
});

describe('personal values', () => {
  const reveal = (token: string, ids: string[]) => world.call('POST', '/v1/audit/reveal', { token, json: { ids } });
  const shape = z.object({ data: z.array(Revealed) });

  test('are shown to whoever may read the row, addresses to administrators, and each look is noted', async () => {
    const [entry] = (await read(owner.token, 'table=projects&operation=update')).data;
    const id = entry?.id ?? '';
    const seen = (await reveal(owner.token, [id])).json(shape);
    expect(seen.data).toEqual([
      { id, personal: { old: { name: 'Renamed once' }, new: { name: '=HYPERLINK("http://evil.example")' } }, ip: null },
    ]);
    const [look] = (await read(owner.token, 'operation=access&table=audit_log.personal')).data;
    expect(look).toMatchObject({ userId: owner.id, projectId, new: { rows: [id] } });
    expect((await reveal(staff.admin.token, [id])).json(shape).data[0]?.ip).toBe('127.0.0.1');
    for (const token of [editor.token, staff.user.token, staff.moderator.token])
      expect((await reveal(token, [id, randomUUID()])).json(shape).data).toEqual([]);
  });

  test('not more than 200 at once, not by a session that has not proven itself, and no answer is kept', async () => {
    const ids = Array.from({ length: 201 }, () => randomUUID());
    expect((await reveal(owner.token, ids)).status).toBe(422);
    expect((await reveal(owner.token, [])).status).toBe(422);
    const { accessToken } = await login(world, owner.email);
    await world.sql('update user_sessions set elevated_until = now() where user_id = $1', [owner.id]);
    expect((await reveal(accessToken, [randomUUID()])).code).toBe('step_up_needed');
    await world.sql("update user_sessions set elevated_until = now() + interval '1 hour' where user_id = $1", [
      owner.id,
    ]);
    const [entry] = (await read(owner.token, 'table=projects&operation=update')).data;
    const once = { token: owner.token, json: { ids: [entry?.id] }, idempotencyKey: randomUUID() };
    expect((await world.call('POST', '/v1/audit/reveal', once)).status).toBe(200);
    expect((await world.call('POST', '/v1/audit/reveal', once)).code).toBe('already_done');
    const kept = await world.sql("select 1 from idempotency_keys where answer::text like '%Renamed%'");
    expect(kept).toEqual([]);
  });
});

describe('taking it away', () => {
  test('as JSON lines: the rows of the list, and a note in the log', async () => {
    const { data } = await read(owner.token, 'limit=100');
    const answer = await world.call('GET', '/v1/audit/export.ndjson', { token: owner.token });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    const lines = answer.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(data);
    const notes = await world.sql("select user_id, new_values from audit_log where table_name = 'export.audit_log'");
    expect(notes).toEqual([{ user_id: owner.id, new_values: { rows: data.length } }]);
  });

  test('as CSV that no spreadsheet runs', async () => {
    await world.sql("update users set display_name = '=cmd|''/c calc''!A1' where id = $1", [owner.id]);
    const answer = await world.call('GET', `/v1/audit/export.csv?projectId=${projectId}`, { token: owner.token });
    await world.sql("update users set display_name = 'Olga Owner' where id = $1", [owner.id]);
    expect(answer.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(answer.headers.get('content-disposition')).toContain('audit.csv');
    const [head, ...rows] = answer.text.replace('\ufeff', '').trimEnd().split('\n');
    expect(head).toMatch(/^id,occurredAt,actor,userId,userName/);
    expect(rows.length).toBeGreaterThan(2);
    expect(answer.text).toContain("'=cmd|");
    expect(answer.text).not.toMatch(/(^|,|\n)"?[=+@]/);
  });

  test('in parts that lead to the next, over all rows once, by filters alone', async () => {
    await world.sql(
      `select app.write_audit('access', 'test.row', n::text, null, null, null, null, null) from generate_series(1, 4100) n`,
    );
    const seen: string[] = [];
    let path: string | undefined = '/v1/audit/export.ndjson?table=test.row';
    let parts = 0;
    while (path !== undefined) {
      const answer = await world.call('GET', path, { token: staff.admin.token });
      expect(answer.status).toBe(200);
      parts += 1;
      const lines = answer.text.trimEnd().split('\n');
      seen.push(...lines.map((line) => AuditEntry.parse(JSON.parse(line)).rowId ?? ''));
      const next = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
      path = next === undefined ? undefined : next.replace(world.origin, '');
    }
    expect([parts, seen.length, new Set(seen).size]).toEqual([3, 4_100, 4_100]);
    const csv = await world.call('GET', '/v1/audit/export.csv?table=test.row', { token: staff.admin.token });
    expect(csv.headers.get('link')).toMatch(/^<.+\/v1\/audit\/export\.csv\?.*after=.+>; rel="next"$/);
    const other = await world.call('GET', '/v1/audit/export.ndjson?table=test.row', { token: owner.token });
    expect(other.text).toBe('');
  });
});

describe('the check', () => {
  const check = (afterSeal: number | '' = '') =>
    world.call('GET', `/v1/audit/verification${afterSeal === '' ? '' : `?afterSeal=${afterSeal}`}`, {
      token: staff.admin.token,
    });

  test('goes through the chain in bounded steps, and finds all well', async () => {
    await world.sql('select count(*) from generate_series(1, 45) n cross join lateral app.seal_audit(100 + 0 * n)');
    const [chain] = await world.sql(
      'select count(*)::integer as seals, sum(row_count)::integer as rows from audit_seals',
    );
    let after: number | null = 0;
    let [seals, rows, calls] = [0, 0, 0];
    while (after !== null) {
      const part: z.output<typeof Verification> = (await check(after)).json(Verification);
      expect(part.findings).toEqual([]);
      expect(part.seals).toBeLessThanOrEqual(20);
      [seals, rows, calls] = [seals + part.seals, rows + part.rows, calls + 1];
      after = part.nextAfterSeal;
    }
    expect({ seals, rows }).toEqual(chain);
    expect(calls).toBeGreaterThan(1);
    expect((await check(1_000_000)).json(Verification)).toMatchObject({ seals: 0, findings: [], nextAfterSeal: null });
  });

  test('names a row that was changed, one that is gone, and a seal that is missing', async () => {
    await world.sql('alter table audit_log disable trigger user');
    await world.sql('alter table audit_seals disable trigger user');
    const [changed, removed] = await world.sql(
      'select row_ids[1] as id, sequence::integer as seal from audit_seals order by sequence limit 2',
    );
    await world.sql('update audit_log set new_values = \'{"forged": true}\' where id = $1', [changed?.id]);
    await world.sql('delete from audit_log where id = $1', [removed?.id]);
    await world.sql('delete from audit_seals where sequence = 4');
    await world.sql('alter table audit_log enable trigger user');
    await world.sql('alter table audit_seals enable trigger user');
    expect((await check()).json(Verification).findings).toEqual([
      { what: 'seal-removed', row: null, seal: 4 },
      { what: 'row-changed', row: changed?.id, seal: 1 },
      { what: 'row-removed', row: removed?.id, seal: 2 },
    ]);
    expect((await check(4)).json(Verification).findings).toEqual([{ what: 'seal-removed', row: null, seal: 4 }]);
  });

  test('is for administrators', async () => {
    for (const [token, status] of refusedOf(staff))
      expect((await world.call('GET', '/v1/audit/verification', { token })).status).toBe(status);
    expect((await world.call('GET', '/v1/audit/verification', { token: owner.token })).status).toBe(404);
    expect((await check(-1 as number)).status).toBe(422);
  });
});

describe('an owner’s check', () => {
  const path = () => `/v1/projects/${projectId}/audit-verification`;
  const check = async (query = '') => {
    const answer = await world.call('GET', `${path()}${query}`, { token: owner.token });
    return answer.json(ProjectVerification);
  };
  const seal = async () => {
    for (let left = 1; left > 0; )
      [{ left = 0 } = {}] = z
        .array(z.object({ left: z.int() }))
        .parse(await world.sql('select count(*)::integer as left from app.seal_audit(500)'));
  };
  /** As whoever owns the database could. */
  const forge = async (text: string, values: unknown[] = []) => {
    for (const table of ['audit_log', 'audit_seals']) await world.sql(`alter table ${table} disable trigger user`);
    await world.sql(text, values);
    for (const table of ['audit_log', 'audit_seals']) await world.sql(`alter table ${table} enable trigger user`);
  };
  const entriesOf = async (project: string) =>
    (await world.sql('select id from audit_log where project_id = $1 order by id', [project])).map(({ id }) =>
      String(id),
    );

  beforeAll(async () => {
    // What the tests before took out of the chain.
    await forge('delete from audit_seals');
    await forge('delete from audit_log');
    for (const name of ['One', 'Two', 'Three', 'Four', 'Five'])
      for (const [id, { token }] of [
        [projectId, owner],
        [otherId, staff.user],
      ] as const)
        await world.call('PATCH', `/v1/projects/${id}`, { token, json: { name } });
  });

  test('counts the project’s own entries, those that wait for a seal too, and finds all well', async () => {
    expect(await check()).toMatchObject({ entries: 5, waiting: 5, findings: [], nextAfterEntry: null });
    await seal();
    const [first, , third, , last] = await entriesOf(projectId);
    const whole = await check();
    expect(whole).toMatchObject({ entries: 5, waiting: 0, findings: [], lastEntry: last, nextAfterEntry: null });
    expect(whole.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await check(`?afterEntry=${first}&untilEntry=${third}`)).toMatchObject({ entries: 2, lastEntry: third });
    expect(await check(`?afterEntry=${last}`)).toMatchObject({ entries: 0, lastEntry: null, digest: null });
  });

  test('goes on where a call ends', async () => {
    await world.sql(
      `insert into audit_log (actor, project_id, table_name, row_id, operation, user_id)
       select 'person', $1::uuid, 'projects', $1::uuid::text, 'update', $2 from generate_series(1, 400)`,
      [projectId, owner.id],
    );
    await world.sql(
      'insert into audit_unsealed (audit_id, occurred_at) select id, occurred_at from audit_log on conflict do nothing',
    );
    await forge('delete from audit_seals');
    await seal();
    let [after, seen]: [string | null, number] = ['', 0];
    const sizes: number[] = [];
    while (after !== null) {
      const part: z.output<typeof ProjectVerification> = await check(after === '' ? '' : `?afterEntry=${after}`);
      expect(part.findings).toEqual([]);
      [after, seen] = [part.nextAfterEntry, seen + part.entries];
      sizes.push(part.entries);
    }
    expect([seen, sizes]).toEqual([405, [200, 200, 5]]);
  });

  test('names an entry that was changed, one slipped in, and those whose seal is another; others’ stay theirs', async () => {
    const [mine = '', second = ''] = await entriesOf(projectId);
    const [other = ''] = await entriesOf(otherId);
    const until = `?untilEntry=${second}`;
    await forge(`update audit_log set new_values = '{"forged": true}' where id = $1`, [other]);
    expect((await check(until)).findings).toEqual([]);
    await forge(`update audit_log set actor = 'worker' where id = $1`, [mine]);
    expect((await check(until)).findings).toEqual([{ what: 'row-changed', entry: mine, seal: 1 }]);
    await forge(`update audit_log set actor = 'person' where id = $1`, [mine]);
    expect((await check(until)).findings).toEqual([]);

    const [slipped] = await world.sql(
      `insert into audit_log (actor, project_id, table_name, row_id, operation, user_id)
       values ('person', $1::uuid, 'projects', $1::uuid::text, 'update', $2) returning id`,
      [projectId, owner.id],
    );
    const { findings } = await check(`?afterEntry=${(await entriesOf(projectId)).at(-2)}`);
    expect(findings).toEqual([{ what: 'row-unsealed', entry: slipped?.id, seal: null }]);

    await forge("update audit_seals set row_hashes[1] = '\\x00' where sequence = 1");
    expect((await check(until)).findings.map(({ what }) => what)).toContain('seal-changed');
  });

  test('tells who kept a digest that an entry is gone', async () => {
    const [, , third = '', , fifth] = await entriesOf(projectId);
    const kept = await check(`?untilEntry=${fifth}`);
    expect((await check(`?untilEntry=${fifth}`)).digest).toBe(kept.digest);
    await forge('delete from audit_log where id = $1', [third]);
    const now = await check(`?untilEntry=${fifth}`);
    expect(now.digest).not.toBe(kept.digest);
    expect(now.entries).toBe(kept.entries - 1);
  });

  test('a seal that does not follow the one before is told at the entries that it names', async () => {
    const entries = await entriesOf(projectId);
    await forge('delete from audit_seals');
    await world.sql(
      'insert into audit_unsealed (audit_id, occurred_at) select id, occurred_at from audit_log on conflict do nothing',
    );
    await world.sql('select app.seal_audit(5)');
    await seal();
    await forge('delete from audit_seals where sequence = 1');
    const { findings } = await check(`?afterEntry=${entries.at(-3)}`);
    expect(findings.map(({ what, seal: sequence }) => [what, sequence])).toEqual([
      ['chain-broken', 2],
      ['chain-broken', 2],
    ]);
  });

  test('is the owner’s alone', async () => {
    const asked = async (token?: string) => (await world.call('GET', path(), { token })).code;
    expect([
      await asked(editor.token),
      await asked(staff.user.token),
      await asked(staff.admin.token),
      await asked(),
    ]).toEqual(['forbidden', 'not_found', 'not_found', 'unauthenticated']);
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
