/** The log of changes: what it tells, what it hides, who reads it, and that nobody changes it unseen. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sqlRunner } from '../../infra/tools/sql-runner.ts';
import { type AuditFinding, verifyAudit } from '../../infra/tools/verify-audit.ts';
import { sealRows } from '../../shared/audit/seal-rows.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import { addMember, addPerson, addTenant, type Someone } from './seed.ts';

let open: OpenDatabase;
let owner: Someone;
let projectId: string;

beforeAll(async () => {
  open = await openDatabase();
  owner = await addPerson(open.sql, 'owner');
  ({ projectId } = await addTenant(open.sql, owner.userId));
});
afterAll(() => open.close());

const verify = (expectedHead?: string) => verifyAudit(sqlRunner(open.target), expectedHead);
const logOf = (table: string, id: string) =>
  open.sql('select * from audit_log where table_name = $1 and row_id = $2 order by id', [table, id]);

/** A statement as a person, through `app.run`. */
async function asPerson(person: Someone, text: string, values: readonly string[] = []): Promise<Row[]> {
  const client = await open.login('api');
  const call = { kind: 'actor', ...person, requestId: 'request-1', ip: '198.51.100.7' };
  const { rows } = await client.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    JSON.stringify(call),
    text,
    values,
  ]);
  return rows
    .map(({ part }) => part)
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Row => JSON.parse(line));
}

/** Rows of the log about a table of its own, to be tampered with. */
async function sealedRows(count: number): Promise<string[]> {
  const made = await open.sql(
    `insert into platforms (name, display_name) select 'p' || replace(uuidv7()::text, '-', ''), 'x' from generate_series(1, $1) returning name`,
    [count],
  );
  await sealRows(open.worker);
  const rows = await open.sql(
    "select id from audit_log where table_name = 'platforms' and row_id = any ($1) order by id",
    [made.map(({ name }) => name)],
  );
  return rows.map(({ id }) => String(id));
}

/** As somebody with all the rights of the owner, who switches off what stands in the way. */
async function tamper(table: 'audit_log' | 'audit_seals', ...statements: readonly string[]): Promise<void> {
  await open.sql(`alter table ${table} disable trigger user`);
  for (const statement of statements) await open.sql(statement);
  await open.sql(`alter table ${table} enable trigger user`);
}

/** The columns that the triggers name: keys, project, person, then what is logged plainly, as personal values, as secrets. */
const ARGUMENTS = `
  select t.tgrelid::regclass::text as table, x.name
  from pg_trigger t
  cross join lateral unnest(string_to_array(encode(t.tgargs, 'escape'), '\\000')) with ordinality arg (text, place)
  cross join lateral unnest(case when arg.place in (2, 3) then array[arg.text] when arg.place < 7 then arg.text::text[] end) x (name)
  where t.tgfoid = 'app.audit()'::regprocedure and t.tgparentid = 0`;

describe('what is watched', () => {
  /** Columns that no line of the log ever holds, by table: counters, versions, leases, hashes that change by the hour. */
  const notLogged: Readonly<Record<string, readonly string[]>> = {
    quotas: [],
    quota_overrides: ['created_at', 'scope'],
    user_invitations: ['created_at'],
    users: [
      'created_at',
      'updated_at',
      'version',
      'last_login_at',
      'failed_login_attempts',
      'is_active',
      'is_verified',
      'username_skeleton',
    ],
    user_sessions: [
      'refresh_hash',
      'previous_hash',
      'rotated_at',
      'created_at',
      'last_used_at',
      'is_active',
      'elevated_until',
      'last_ip',
      'last_user_agent',
    ],
    user_identities: ['created_at', 'last_used_at'],
    identity_providers: ['created_at', 'updated_at', 'version'],
    mfa_factors: ['created_at', 'last_used_at', 'last_step', 'updated_at', 'version'],
    installation_settings: ['address_key', 'created_at', 'updated_at', 'version'],
    user_avatars: [
      ...['created_at', 'declared_bytes', 'declared_mime_type', 'failure_code', 'failure_reason', 'updated_at'],
      'upload_expires_at',
    ],
    account_exports: [
      ...['attempts', 'bytes', 'completed_at', 'created_at', 'cursor', 'failure_reason', 'lease_token', 'lease_until'],
      ...['parts', 'started_at', 'steps_done', 'steps_total'],
    ],
    account_deletions: ['lease_until'],
    api_keys: ['created_at', 'last_used_at', 'replaced_by', 'updated_at', 'version'],
    projects: [
      ...['created_at', 'updated_at', 'version', 'estimated_duration', 'metadata'],
      ...['platform', 'tags', 'target_audience', 'template', 'type'],
    ],
    project_collaborators: ['created_at', 'updated_at', 'version'],
    project_invitations: ['created_at', 'last_sent_at'],
    social_accounts: [
      ...['created_at', 'updated_at', 'version', 'metadata', 'followers_count', 'following_count', 'posts_count'],
      ...['health', 'health_checked_at', 'last_posted_at', 'last_synced_at', 'resumed_at'],
    ],
    account_tokens: ['refresh_lease_until', 'updated_at'],
    platforms: ['created_at', 'version'],
    platform_apps: ['created_at'],
    webhooks: ['created_at', 'updated_at', 'version', 'failing_since'],
    report_links: ['created_at'],
    post_publications: [],
    approval_workflows: ['created_at', 'updated_at', 'version'],
    approval_members: ['created_at'],
    approval_requests: ['created_at', 'note', 'updated_at', 'version'],
    approval_decisions: ['created_at', 'text'],
    review_links: ['created_at'],
    partitioned_tables: [],
    partition_archives: ['detached_at'],
    moderation_words: ['created_at', 'updated_at', 'version'],
    content_moderation: ['automated_score', 'created_at', 'reason', 'updated_at', 'version'],
    // Of what people write, the log keeps who hid it; the row itself keeps what it said.
    community_posts: [
      ...['account_id', 'click_count', 'comment_count', 'created_at', 'deleted_at', 'engagement_score', 'is_featured'],
      ...['is_standing', 'like_count', 'location', 'media', 'media_type', 'project_deleted_at', 'publication_id'],
      ...['save_count', 'scored_at', 'search', 'share_count', 'tags', 'text', 'updated_at', 'version', 'view_count'],
      'visibility',
    ],
    comments: [
      ...['community_post_id', 'created_at', 'deleted_at', 'edited_at', 'is_edited', 'is_standing', 'like_count'],
      ...['parent_id', 'reply_count', 'text', 'updated_at', 'version'],
    ],
  };

  it('is every sensitive table, and a new column of one is a decision', async () => {
    const rows = await open.sql(`
      select t.table, array(
        select a.attname::text from pg_attribute a
        where a.attrelid = t.table::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> all (t.columns)
        order by 1) as left_out
      from (select a.table, array_agg(a.name) as columns from (${ARGUMENTS}) a group by 1) t order by 1`);
    const found = Object.fromEntries(rows.map(({ table, left_out }) => [String(table), left_out]));
    found.post_publications = []; // only the state of it is watched
    const wanted = Object.entries(notLogged).map(([table, columns]) => [table, [...columns].sort()]);
    expect(found).toEqual(Object.fromEntries(wanted));
  });

  it('names only columns that there are', async () => {
    const rows = await open.sql(`select * from (${ARGUMENTS}) a where a.name <> '' and not exists (
      select from pg_attribute c where c.attrelid = a.table::regclass and c.attname = a.name and not c.attisdropped)`);
    expect(rows).toEqual([]);
  });

  it('tells who changed what, only what changed, and by which request', async () => {
    await asPerson(owner, 'update projects set time_zone = $1, name = name where id = $2::uuid returning id', [
      'Europe/Paris',
      projectId,
    ]);
    const row = (await logOf('projects', projectId)).at(-1);
    expect(row).toMatchObject({
      operation: 'update',
      actor: 'person',
      user_id: owner.userId,
      session_id: owner.sessionId,
      request_id: 'request-1',
      project_id: projectId,
      old_values: { time_zone: 'UTC' },
      new_values: { time_zone: 'Europe/Paris' },
    });
  });

  it('tells nothing where nothing that it watches changed', async () => {
    const before = (await logOf('users', owner.userId)).length;
    await open.sql('update users set failed_login_attempts = 1 where id = $1', [owner.userId]);
    await open.sql('update users set failed_login_attempts = 0, display_name = display_name where id = $1', [
      owner.userId,
    ]);
    expect((await logOf('users', owner.userId)).length).toBe(before);
  });

  it('says of a secret only that it changed', async () => {
    await open.sql("update users set password_hash = 'argon-of-swordfish' where id = $1", [owner.userId]);
    const row = (await logOf('users', owner.userId)).at(-1);
    expect(row).toMatchObject({
      old_values: { password_hash: { hidden: 'secret' } },
      new_values: { password_hash: { hidden: 'secret' } },
    });
    expect(row?.personal_sealed).toBeNull();
    expect(JSON.stringify(await open.sql('select t::text from audit_log t'))).not.toContain('swordfish');
  });

  it('keeps personal values and addresses under the key of the person, and shows them to owners and admins only', async () => {
    await asPerson(owner, "update users set given_name = 'Augusta' where id = (select app.user_id()) returning id");
    const row = (await logOf('users', owner.userId)).at(-1);
    expect(row).toMatchObject({
      old_values: null,
      new_values: { given_name: { hidden: 'personal' } },
      subject_id: owner.userId,
    });
    const everything = JSON.stringify(await open.sql('select t::text from audit_log t'));
    expect(everything).not.toMatch(/Augusta|198\.51\.100\.7/);
    const admin = await addPerson(open.sql, 'admin');
    await open.sql("update users set role = 'admin' where id = $1", [admin.userId]);
    const reveal = 'select personal, ip from app.audit_reveal($1::uuid[])';
    expect(await asPerson(admin, reveal, [`{${String(row?.id)}}`])).toEqual([
      { personal: { new: { given_name: 'Augusta' } }, ip: '198.51.100.7' },
    ]);
    expect(await asPerson(owner, reveal, [`{${String(row?.id)}}`])).toEqual([]);
    const [access] = await open.sql("select * from audit_log where table_name = 'audit_log.personal' order by id desc");
    expect(access).toMatchObject({ operation: 'access', user_id: admin.userId, new_values: { rows: [row?.id] } });
  });

  it('shows an owner the names in their project, but nobody’s address', async () => {
    await asPerson(owner, "update projects set name = 'Second launch' where id = $1::uuid returning id", [projectId]);
    const row = (await logOf('projects', projectId)).at(-1);
    expect(row?.ip_sealed).not.toBeNull();
    const reveal = 'select personal, ip from app.audit_reveal($1::uuid[])';
    expect(await asPerson(owner, reveal, [`{${String(row?.id)}}`])).toEqual([
      { personal: { old: { name: expect.stringContaining('Launch') }, new: { name: 'Second launch' } }, ip: null },
    ]);
    const editor = await addPerson(open.sql, 'editor');
    await addMember(open.sql, projectId, editor.userId, 'editor');
    expect(await asPerson(editor, reveal, [`{${String(row?.id)}}`])).toEqual([]);
  });

  it('takes down accesses, briefly and without values', async () => {
    await asPerson(owner, "select app.audit_access('export.account', $1::uuid, '{\"files\": 3}') as done", [projectId]);
    const [row] = await open.sql("select * from audit_log where table_name = 'export.account'");
    expect(row).toMatchObject({
      operation: 'access',
      project_id: projectId,
      user_id: owner.userId,
      new_values: { files: 3 },
    });
    const stranger = await addPerson(open.sql, 'stranger');
    await asPerson(stranger, "select app.audit_access('export.forged', $1::uuid, '{}') as done", [projectId]);
    const [forged] = await open.sql("select * from audit_log where table_name = 'export.forged'");
    expect(forged).toMatchObject({ project_id: null, user_id: stranger.userId });
  });

  it('takes down what happens at the database itself, and what nobody signed in did', async () => {
    await open.sql("update platforms set enabled = false where name = 'threads'");
    expect((await logOf('platforms', 'threads')).at(-1)).toMatchObject({ actor: 'operator', user_id: null });
    const client = await open.login('api');
    await client.query('select app.run(\'{"kind": "public", "ip": "198.51.100.8"}\', $1, \'{}\')', [
      "select outcome from app.register('new@example.com', 'h', 'New', 'token-hash', 'link')",
    ]);
    const [row] = await open.sql("select * from audit_log where table_name = 'users' order by id desc limit 1");
    expect(row).toMatchObject({ actor: 'public', operation: 'insert', user_id: null });
    expect(row?.ip_sealed).not.toBeNull();
  });
});

describe('rows of the log and seals', () => {
  it('are changed and deleted by nobody, not even by their owner', async () => {
    for (const table of ['audit_log', 'audit_seals']) {
      await sealedRows(1);
      for (const statement of [
        `update ${table} set ${table === 'audit_log' ? 'actor = actor' : 'month = month'}`,
        `delete from ${table}`,
        `truncate ${table}`,
      ])
        await expect(open.sql(statement), statement).rejects.toMatchObject({ code: 'PH008' });
      for (const login of ['api', 'worker'] as const) {
        const client = await open.login(login);
        for (const verb of [
          'update %s set month = null',
          'delete from %s',
          'truncate %s',
          'insert into %s default values',
        ])
          await expect(
            client.query(verb.replace('%s', table).replace('month', table === 'audit_log' ? 'actor' : 'month')),
            `${login} ${verb}`,
          ).rejects.toMatchObject({ code: '42501' });
      }
    }
  });
});

describe('the chain', () => {
  beforeEach(async () => {
    await sealRows(open.worker);
  });

  it('holds every row, seals nothing twice and is valid', async () => {
    await sealedRows(1_203);
    const report = await verify();
    expect(report.findings).toEqual([]);
    expect(report.unsealedRows).toBe(0);
    const [all] = await open.sql('select count(*)::integer as rows from audit_log');
    expect(report.sealedRows).toBe(all?.rows);
    expect((await verify(report.head?.hash)).findings).toEqual([]);
    expect((await verify('00')).findings).toEqual([{ what: 'head-unknown' }]);
  });

  it.each([
    ['value', `set new_values = '{"role": "viewer"}'`],
    ['actor', `set user_id = uuidv7()`],
    ['instant', `set occurred_at = occurred_at + interval '1 second'`],
    ['sealed personal value', `set personal_sealed = '\\x00', subject_id = uuidv7()`],
  ])('names a row whose %s was tampered with', async (what, change) => {
    const [, row] = await sealedRows(3);
    await inCopy(async (found) => {
      await tamper('audit_log', `update audit_log ${change} where id = '${row}'`);
      expect(await found()).toEqual(what === 'instant' ? [['row-changed', row]] : [['row-changed', row]]);
    });
  });

  it('names a row that was taken away', async () => {
    const [, row] = await sealedRows(3);
    await inCopy(async (found) => {
      await tamper('audit_log', `delete from audit_log where id = '${row}'`);
      expect(await found()).toEqual([['row-removed', row]]);
    });
  });

  it('names a row that was moved into another month', async () => {
    const [, row] = await sealedRows(3);
    await inCopy(async (found) => {
      await tamper(
        'audit_log',
        `update audit_log set occurred_at = occurred_at - interval '70 days' where id = '${row}'`,
      );
      expect(await found()).toEqual([
        ['row-removed', row],
        ['row-inserted', row],
      ]);
    });
  });

  it('names a row that was taken away before it was sealed', async () => {
    await open.sql("insert into platforms (name, display_name) values ('unsealed', 'x')");
    const [row] = (await logOf('platforms', 'unsealed')).map(({ id }) => String(id));
    await inCopy(async (found) => {
      await tamper('audit_log', `delete from audit_log where id = '${row}'`);
      expect(await found()).toEqual([['row-removed', row]]);
      await sealRows(open.worker);
      expect(await found()).toEqual([['row-removed', row]]);
    });
  });

  it('names a row that was put in, and a copy of one under its own id', async () => {
    const [row] = await sealedRows(1);
    await inCopy(async (found) => {
      const [made] = await open.sql(
        "insert into audit_log (actor, table_name, operation) values ('person', 'users', 'update') returning id",
      );
      expect(await found()).toEqual([['row-inserted', made?.id]]);
    });
    await inCopy(async (found) => {
      await open.sql(`insert into audit_log (id, occurred_at, actor, table_name, operation)
        select id, occurred_at + interval '1 microsecond', actor, table_name, operation from audit_log where id = '${row}'`);
      expect(await found()).toEqual([['row-changed', row]]);
    });
  });

  it('names a seal that was changed, replaced, taken away or put in', async () => {
    for (let seal = 0; seal < 4; seal += 1) await sealedRows(1);
    const last = Number((await verify()).head?.seal);
    const seal = last - 1;
    await inCopy(async (found) => {
      await tamper('audit_seals', `update audit_seals set row_hashes[1] = sha256('x') where sequence = ${seal}`);
      expect(await found()).toContainEqual(['seal-changed', seal]);
    });
    await inCopy(async (found) => {
      await tamper('audit_seals', `update audit_seals set hash = sha256('x') where sequence = ${seal}`);
      expect(await found()).toEqual([
        ['seal-changed', seal],
        ['chain-broken', last],
      ]);
    });
    await inCopy(async (found) => {
      await tamper('audit_seals', `delete from audit_seals where sequence = ${seal}`);
      const findings = await found();
      expect(findings[0]).toEqual(['seal-removed', seal]);
      expect(findings.slice(1).map(([what]) => what)).toEqual(['row-inserted']);
    });
    await inCopy(async (found) => {
      await tamper(
        'audit_seals',
        `insert into audit_seals select sequence + 1, month, sealed_at, row_count, row_ids, row_hashes, sha256('a'), sha256('b')
        from audit_seals where sequence = ${last}`,
      );
      expect(await found()).toEqual([
        ['seal-changed', last + 1],
        ['chain-broken', last + 1],
      ]);
    });
  });

  it('is one chain when six sealers are at work while people go on', async () => {
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      const client = await open.database.connect();
      for (let n = 0; n < 60; n += 1)
        await client.query(`insert into platforms (name, display_name) values ('w${writer}-${n}', 'x')`);
      await client.end();
    });
    const sealers = Array.from({ length: 6 }, async () => {
      const client = await open.login('worker');
      for (let n = 0; n < 15; n += 1) await client.query('select * from app.seal_audit(7)');
    });
    await Promise.all([...writers, ...sealers]);
    await sealRows(open.worker);
    const report = await verify();
    expect(report).toMatchObject({ findings: [], unsealedRows: 0 });
    const [all] = await open.sql('select count(*)::integer as rows from audit_log');
    expect(report.sealedRows).toBe(all?.rows);
  });

  it('takes in a row that commits after later ones were sealed', async () => {
    const late = await open.database.connect();
    await late.query('begin');
    await late.query("insert into platforms (name, display_name) values ('late', 'x')");
    await sealedRows(3);
    expect((await verify()).findings).toEqual([]);
    await late.query('commit');
    await late.end();
    expect(await verify()).toMatchObject({ findings: [], unsealedRows: 1 });
    await sealRows(open.worker);
    expect(await verify()).toMatchObject({ findings: [], unsealedRows: 0 });
  });

  /** Tries something, looks, and puts back the log as it was. */
  async function inCopy(
    work: (found: () => Promise<[AuditFinding['what'], unknown][]>) => Promise<void>,
  ): Promise<void> {
    for (const table of tables) await open.sql(`create table kept_${table} as select * from ${table}`);
    try {
      await work(async () => (await verify()).findings.map(({ what, row, seal }) => [what, row ?? seal]));
    } finally {
      for (const table of tables) {
        if (table !== 'audit_unsealed') await open.sql(`alter table ${table} disable trigger user`);
        await open.sql(`delete from ${table}`);
        await open.sql(`insert into ${table} select * from kept_${table}`);
        if (table !== 'audit_unsealed') await open.sql(`alter table ${table} enable trigger user`);
        await open.sql(`drop table kept_${table}`);
      }
    }
  }
  const tables = ['audit_log', 'audit_unsealed', 'audit_seals'] as const;
});

describe('a month that was archived', () => {
  it('is vouched for by its seals alone; one that only disappeared is not', async () => {
    const own = await openDatabase();
    try {
      const runOf = sqlRunner(own.target);
      await own.sql("insert into platforms (name, display_name) values ('first', 'x')");
      await sealRows(own.worker);
      const month = new Date().toISOString().slice(0, 8).concat('01');
      await own.moveClock(60 * 60 * 24 * 365 * 3);
      await own.sql("insert into platforms (name, display_name) values ('later', 'x')");
      await sealRows(own.worker);
      const worker = await own.login('worker');
      for (let detached: number | null = 1; detached !== 0; )
        detached = (await worker.query('select table_name from app.detach_expired()')).rowCount;
      await sealRows(own.worker);
      expect(await verifyAudit(runOf)).toMatchObject({ findings: [], archivedMonths: [month], unsealedRows: 0 });
      await own.sql('delete from partition_archives');
      const { findings } = await verifyAudit(runOf);
      expect(new Set(findings.map(({ what }) => what))).toEqual(new Set(['row-removed']));
    } finally {
      await own.close();
    }
  });
});
