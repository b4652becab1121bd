/** Whoever asks to be deleted is gone from every table, and what belongs to others stays. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlRunner } from '../../infra/tools/sql-runner.ts';
import { verifyAudit } from '../../infra/tools/verify-audit.ts';
import { sealRows } from '../../shared/audit/seal-rows.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { buildPolicyWorld } from './policy-world.ts';
import { addMedia, addMember, addPerson, addPublication, addRow, addTenant } from './seed.ts';

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

/** What must be nowhere afterwards: addresses, names, and the ip, in the ways in which columns write them. */
const marks = {
  email: 'augusta.byron@example.com',
  otherEmail: 'augusta@provider.example',
  username: 'countess-of-l',
  displayName: 'Augusta Byron-King',
  givenName: 'Augusta Ada',
  familyName: 'Byron-Noel',
  bio: 'Enchantress of Number',
  ip: '203.0.113.77',
  agent: 'Analytical Browser 1.0',
  handle: 'enchantress',
} as const;

/** Every table, partitions included, row by row as text; jsonb and bytea as they are written. */
async function dump(): Promise<Map<string, string>> {
  const tables = await open.sql(
    "select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
  );
  const found = new Map<string, string>();
  for (const { name } of tables) {
    const [row] = await open.sql(
      `select coalesce(string_agg(t::text, E'\\n'), '') as text from only ${String(name)} t`,
    );
    found.set(String(name), String(row?.text));
  }
  return found;
}

function tablesWithMarks(text: ReadonlyMap<string, string>): string[] {
  // bytea is written in hex.
  const wanted = Object.values(marks).flatMap((mark) => [mark, Buffer.from(mark).toString('hex')]);
  return [...text].filter(([, rows]) => wanted.some((mark) => rows.includes(mark))).map(([name]) => name);
}

const erase = async (userId: string) => {
  const client = await open.login('worker');
  const { rows } = await client.query<{ outcome: string }>('select outcome from app.erase_user($1)', [userId]);
  return rows[0]?.outcome;
};

/** A person with a value in every column that can hold one of theirs. */
async function addAugusta(): Promise<string> {
  const [row] = await open.sql(
    `insert into users (email, password_hash, display_name, username, given_name, family_name, bio, avatar_url)
     values ($1, 'hash', $2, $3, $4, $5, $6, $7) returning id`,
    [
      ...[marks.email, marks.displayName, marks.username, marks.givenName, marks.familyName, marks.bio],
      `https://example.com/${marks.username}`,
    ],
  );
  const userId = String(row?.id);
  const own = { user_id: userId };
  await open.sql("select set_config('app.ip', $1, false)", [marks.ip]);
  const sessionId = await addRow(open.sql, 'user_sessions', {
    ...own,
    refresh_hash: randomUUID(),
    ip: marks.ip,
    user_agent: marks.agent,
    device: { name: marks.displayName },
  });
  await addRow(open.sql, 'user_identities', {
    ...own,
    provider: 'google',
    subject: marks.username,
    email: marks.otherEmail,
  });
  await addRow(open.sql, 'mfa_factors', { ...own, kind: 'totp', name: marks.displayName, secret_sealed: 'x' });
  await addRow(open.sql, 'user_preferences', { ...own, extra: { signature: marks.displayName } });
  await addRow(open.sql, 'password_reset_tokens', { ...own, token_hash: randomUUID() });
  await addRow(open.sql, 'notifications', { ...own, kind: 'account.connected', payload: { handle: marks.handle } });
  const connection = { ...own, connection_id: randomUUID(), session_id: sessionId };
  await addRow(open.sql, 'realtime_connections', connection, 'connection_id');
  const answer = [JSON.stringify({ email: marks.email }), JSON.stringify({ displayName: marks.displayName })];
  for (const [caller, key] of [
    [userId, 'mine'],
    [randomUUID(), 'of somebody who saw me'],
  ] as const)
    await addRow(open.sql, 'idempotency_keys', { caller, route: 'r', key, body_hash: 'h', answer }, 'key');
  const mail = { template: 'verify-email', to: marks.email, name: marks.displayName };
  await addRow(open.sql, 'outbox_events', { kind: 'mail', payload: mail });
  const window = { window_start: '2026-01-01T00:00:00Z', expires_at: '2099-01-01T00:01:00Z' };
  await addRow(open.sql, 'rate_counters', { caller: `user ${userId}`, class: 'read', ...window }, 'caller');
  // Changes, so that the log holds old and new values of all of it.
  await open.sql("update users set display_name = display_name || '!', given_name = null where id = $1", [userId]);
  await open.sql("update user_sessions set user_agent = user_agent || '!' where id = $1", [sessionId]);
  await open.sql("select set_config('app.ip', '', false)");
  return userId;
}

/** A project of hers alone, with everything under her name. */
async function addOwnProject(userId: string): Promise<string> {
  const { projectId, accountId } = await addTenant(open.sql, userId);
  await open.sql('update projects set name = $2, description = $3 where id = $1', [
    projectId,
    marks.displayName,
    marks.bio,
  ]);
  await open.sql('update social_accounts set handle = $2, display_name = $3, connected_by = $4 where id = $1', [
    ...[accountId, marks.handle, marks.displayName, userId],
  ]);
  await addRow(
    open.sql,
    'account_tokens',
    { project_id: projectId, account_id: accountId, access_token_sealed: 'x' },
    'account_id',
  );
  await addPublication(open.sql, { projectId, accountId }, { state: 'scheduled' });
  await open.sql('update posts set text = $2 where project_id = $1', [projectId, marks.bio]);
  const publicationId = await addPublication(open.sql, { projectId, accountId }, { state: 'published' });
  await addRow(open.sql, 'community_posts', {
    project_id: projectId,
    account_id: accountId,
    publication_id: publicationId,
    text: marks.bio,
  });
  await addMedia(open.sql, projectId);
  await open.sql('update media set file_name = $2 where project_id = $1', [projectId, `${marks.username}.mp4`]);
  await addRow(open.sql, 'project_invitations', {
    ...{ project_id: projectId, email: 'guest@example.com', role: 'viewer', token_hash: randomUUID() },
    created_by: userId,
  });
  return projectId;
}

/** What the sweep does at the platforms and in the bucket, and says it has done. */
const sweep = () =>
  open.sql(
    "update outbox_events set dispatched_at = app.now() where kind in ('media.deleted', 'account.disconnected')",
  );

describe('erasing a person', () => {
  it('leaves no address, name or ip in any table, keeps what belongs to others, and the chain', async () => {
    const friend = await addPerson(open.sql, 'friend');
    const userId = await addAugusta();
    const ownProject = await addOwnProject(userId);
    const shared = await addTenant(open.sql, userId);
    await addMember(open.sql, shared.projectId, friend.userId, 'viewer');
    const editor = await addPerson(open.sql, 'editor');
    await addMember(open.sql, shared.projectId, editor.userId, 'editor');
    const postId = await addPublication(open.sql, shared, { state: 'scheduled' });
    const friends = await addTenant(open.sql, friend.userId);
    await addMember(open.sql, friends.projectId, userId, 'editor');
    await open.sql('update posts set created_by = $1 where project_id = any ($2)', [
      userId,
      [shared.projectId, friends.projectId],
    ]);
    await addRow(open.sql, 'project_invitations', {
      ...{ project_id: friends.projectId, email: marks.email, role: 'viewer', token_hash: randomUUID() },
      created_by: friend.userId,
    });
    const published = await addPublication(open.sql, friends, { state: 'published' });
    const said = await addRow(open.sql, 'community_posts', {
      ...{ project_id: friends.projectId, account_id: friends.accountId, publication_id: published, text: 'x' },
    });
    await addRow(open.sql, 'comments', { community_post_id: said, author_id: userId, text: marks.bio });
    await addRow(open.sql, 'notifications', { user_id: friend.userId, actor_id: userId, kind: 'comment.created' });
    await sealRows(open.worker);

    const before = await dump();
    // Every place that was to hold something does, or the search below would find nothing for the wrong reason.
    for (const name of [
      'users',
      'user_sessions',
      'user_identities',
      'mfa_factors',
      'user_preferences',
      'notifications',
      'outbox_events',
      'idempotency_keys',
      'projects',
      'social_accounts',
      'posts',
      'comments',
      'community_posts',
      'media',
      'project_invitations',
    ])
      expect(tablesWithMarks(before), name).toContain(name);
    // The log never holds them in the clear.
    expect(tablesWithMarks(before).filter((name) => name.startsWith('audit_'))).toEqual([]);

    expect(await erase(userId)).toBe('wrong_state');
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [userId]);
    expect(await erase(userId)).toBe('waiting');
    await sweep();
    expect(await erase(userId)).toBe('ok');
    expect(await erase(userId)).toBe('not_found');

    const after = await dump();
    expect(tablesWithMarks(after)).toEqual([]);
    const left = await open.sql('select id from projects where id = any ($1) order by id', [
      [ownProject, shared.projectId, friends.projectId],
    ]);
    expect(left.map(({ id }) => id)).toEqual([shared.projectId, friends.projectId].sort());
    expect(
      await open.sql('select user_id, role from project_collaborators where project_id = $1 order by role', [
        shared.projectId,
      ]),
    ).toEqual([
      { user_id: editor.userId, role: 'owner' },
      { user_id: friend.userId, role: 'viewer' },
    ]);
    expect(await open.sql('select state from post_publications where id = $1', [postId])).toEqual([
      { state: 'scheduled' },
    ]);
    expect(await open.sql('select id from community_posts where id = $1', [said])).toHaveLength(1);
    expect(await open.sql('select actor_id from notifications where user_id = $1', [friend.userId])).toEqual([
      { actor_id: null },
    ]);
    await sealRows(open.worker);
    expect((await verifyAudit(sqlRunner(open.target))).findings).toEqual([]);
  });

  it('takes along what others wrote of them, the invitations that waited for them, and their failed logins', async () => {
    const [userId, other] = [await addAugusta(), await addPerson(open.sql, 'other')];
    const [own, foreign] = [await addTenant(open.sql, userId), await addTenant(open.sql, other.userId)];
    const commentOf = async (author: string) => {
      const publication = await addPublication(open.sql, foreign, { state: 'published' });
      const post = { project_id: foreign.projectId, account_id: foreign.accountId, publication_id: publication };
      const postId = await addRow(open.sql, 'community_posts', { ...post, text: 'x' });
      return addRow(open.sql, 'comments', { community_post_id: postId, author_id: author, text: 'x' });
    };
    const theirs = await commentOf(userId);
    const others = await commentOf(other.userId);
    const words = `${marks.displayName} again`;
    const target = (id: string) => ({ target_type: 'comment', target_id: id });
    for (const id of [theirs, others]) {
      await addRow(open.sql, 'content_moderation', { ...target(id), reason: words });
      await addRow(open.sql, 'moderation_reports', {
        ...{ ...target(id), reporter_id: other.userId, reason: 'spam', details: words },
      });
    }
    await addRow(open.sql, 'content_moderation', { target_type: 'user_profile', target_id: userId, reason: words });
    await open.sql("update users set status = 'deactivated', status_reason = $2 where id = $1", [userId, words]);
    await addRow(open.sql, 'user_invitations', {
      ...{ email: marks.email, role: 'user', token_hash: randomUUID(), created_by: other.userId },
    });
    // What they did to others is counted on, and tells no more of whence they came.
    await open.sql(
      "insert into engagement_events (type, user_id, actor_id, metadata) values ('profile_view', $1, $2, $3::jsonb)",
      [other.userId, userId, JSON.stringify({ ip: marks.ip })],
    );
    await open.sql("insert into auth_attempts (subject, source) values (app.attempt_subject($1), '*')", [marks.email]);
    await addRow(open.sql, 'approval_workflows', {
      ...{ project_id: own.projectId, created_by: userId, name: `Asks ${marks.displayName}` },
    });
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [userId]);
    while ((await erase(userId)) === 'waiting') await sweep();
    const kept = await open.sql(
      `select 'case' as what, target_id, reason as words from content_moderation where target_type <> 'post'
       union all select 'report', target_id, details from moderation_reports order by 1, 2`,
    );
    // What was written of somebody else stays, whatever it says: it is that person's.
    expect(kept.filter((row) => row.words !== null)).toEqual([
      { what: 'case', target_id: others, words },
      { what: 'report', target_id: others, words },
    ]);
    expect(kept).toHaveLength(5);
    expect(await open.sql('select id from user_invitations')).toEqual([]);
    expect(await open.sql('select subject from auth_attempts')).toEqual([]);
    await open.sql('delete from content_moderation');
    await open.sql('delete from moderation_reports');
    expect(tablesWithMarks(await dump())).toEqual([]);
  });

  it('makes what the log kept of them unreadable to admins too, and of nobody else', async () => {
    const [userId, other] = [await addAugusta(), await addPerson(open.sql, 'other')];
    await open.sql("update users set bio = 'stays readable' where id = $1", [other.userId]);
    const reveal = async (subject: string) => {
      const rows = await open.sql(
        'select app.audit_open(personal_sealed, subject_id) as plain from audit_log where subject_id = $1 and personal_sealed is not null',
        [subject],
      );
      return rows.map(({ plain }) => plain);
    };
    expect(JSON.stringify(await reveal(userId))).toContain(marks.givenName);
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [userId]);
    expect(await erase(userId)).toBe('ok');
    expect(new Set(await reveal(userId))).toEqual(new Set([null]));
    expect(JSON.stringify(await reveal(other.userId))).toContain('stays readable');
  });

  it('is claimed by nobody, and done for nobody, before the grace time is over', async () => {
    const { userId } = await addPerson(open.sql, 'hesitating');
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [userId]);
    const worker = await open.login('worker');
    const claimed = async () => {
      const { rows } = await worker.query<{ user_id: string }>('select user_id from app.claim_erasures(1000)');
      return rows.map((row) => row.user_id);
    };
    const finish = async () => {
      const { rows } = await worker.query<{ outcome: string }>('select outcome from app.finish_deletion($1)', [userId]);
      return rows[0]?.outcome;
    };
    expect(await claimed()).not.toContain(userId);
    expect(await finish()).toBe('wrong_state');
    const due = (at: string) =>
      open.sql(
        `update account_deletions set due_at = app.now() + $2::interval, requested_at = app.now() - interval '14 days' where user_id = $1`,
        [userId, at],
      );
    await due('1 minute');
    expect([await claimed(), await finish()]).toEqual([[], 'wrong_state']);
    await due('-1 minute');
    expect([await claimed(), await finish()]).toEqual([[userId], 'ok']);
  });

  it('works for people who have done everything that can be done', async () => {
    const own = await openDatabase();
    try {
      const world = await buildPolicyWorld(own.sql);
      const worker = await own.login('worker');
      await own.sql('update users set deletion_requested_at = app.now()');
      const outcomes: unknown[] = [];
      for (const { userId } of [...Object.values(world.people), world.rival]) {
        for (let outcome: unknown = 'waiting'; outcome === 'waiting'; ) {
          const { rows } = await worker.query('select outcome from app.erase_user($1)', [userId]);
          outcome = rows[0]?.outcome;
          outcomes.push(outcome);
          await own.sql("update outbox_events set dispatched_at = app.now() where kind <> 'mail'");
        }
      }
      expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(Object.keys(world.people).length + 1);
      expect(await own.sql('select id from users')).toEqual([]);
      expect(await own.sql('select name from projects')).toEqual([]);
    } finally {
      await own.close();
    }
  });

  it('takes nothing of others along, whatever the person called themselves, and what others were told of them', async () => {
    const [named, other] = [await addPerson(open.sql, 'bluesky'), await addPerson(open.sql, 'other')];
    const account = JSON.stringify({ platform: 'bluesky' });
    const eventId = await addRow(open.sql, 'outbox_events', { kind: 'account.disconnected', payload: account });
    const answer = [JSON.stringify({ platform: 'bluesky' })];
    const key = randomUUID();
    await addRow(
      open.sql,
      'idempotency_keys',
      { caller: other.userId, route: 'r', key, body_hash: 'h', answer },
      'key',
    );
    const told = { user_id: other.userId, kind: 'comment.added', payload: JSON.stringify({ name: 'bluesky' }) };
    const toldId = await addRow(open.sql, 'notifications', { ...told, actor_id: named.userId });
    const keptId = await addRow(open.sql, 'notifications', told);
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [named.userId]);
    expect(await erase(named.userId)).toBe('ok');
    expect(await open.sql('select id from outbox_events where id = $1', [eventId])).toHaveLength(1);
    expect(await open.sql('select key from idempotency_keys where key = $1', [key])).toHaveLength(1);
    const payloads = await open.sql('select payload from notifications where id = any ($1) order by id', [
      [toldId, keptId],
    ]);
    expect(payloads.map(({ payload }) => payload)).toEqual([{}, { name: 'bluesky' }]);
  });

  it('leaves somebody else who has registered the address meanwhile everything of theirs', async () => {
    const [userId, host] = [await addAugusta(), await addPerson(open.sql, 'host')];
    const tenant = await addTenant(open.sql, userId);
    const project = (await addTenant(open.sql, host.userId)).projectId;
    const publicationId = await addPublication(open.sql, tenant, { state: 'publishing' });
    /** What bears the address. Whose it is shows in the kind, the role and the permissions. */
    const addTraces = async (whose: string) => {
      const mail = { template: 'verify-email', to: marks.email, name: whose };
      const invitation = { email: marks.email, token_hash: randomUUID(), created_by: host.userId };
      return {
        outbox_events: await addRow(open.sql, 'outbox_events', { kind: 'mail', payload: JSON.stringify(mail) }),
        project_invitations: await addRow(open.sql, 'project_invitations', {
          ...{ ...invitation, project_id: project, role: 'viewer' },
        }),
        user_invitations: await addRow(open.sql, 'user_invitations', {
          ...{ ...invitation, role: 'user', token_hash: randomUUID() },
        }),
        notifications: await addRow(open.sql, 'notifications', {
          ...{ user_id: host.userId, kind: 'invitation.sent', payload: JSON.stringify({ email: marks.email }) },
        }),
      };
    };
    const before = await addTraces('before');
    // The open one would be taken by whoever registers next; it is of the gone person's time.
    await open.sql('update user_invitations set revoked_at = app.now() where email = $1', [marks.email]);
    await open.sql('update project_invitations set revoked_at = app.now() where email = $1', [marks.email]);
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [userId]);
    expect(await erase(userId)).toBe('waiting');
    const [anew] = await open.sql("insert into users (email, display_name) values ($1, 'Anew') returning id", [
      marks.email,
    ]);
    const after = await addTraces('after');
    await open.sql("insert into auth_attempts (subject, source) values (app.attempt_subject($1), '*')", [marks.email]);
    await addRow(
      open.sql,
      'idempotency_keys',
      {
        ...{ caller: String(anew?.id), route: 'r', key: 'of the other', body_hash: 'h' },
        answer: [JSON.stringify({ email: marks.email })],
      },
      'key',
    );
    await open.sql("update post_publications set state = 'failed' where id = $1", [publicationId]);
    while ((await erase(userId)) === 'waiting') await sweep();
    expect(await open.sql('select email from users where id = any ($1)', [[userId, anew?.id]])).toEqual([
      { email: marks.email },
    ]);
    for (const [table, id] of Object.entries(after)) {
      const kept = await open.sql(`select to_jsonb(t)::text as row from ${table} t where id = $1`, [id]);
      expect([table, String(kept[0]?.row)]).toEqual([table, expect.stringContaining(marks.email)]);
    }
    for (const [table, id] of Object.entries(before)) {
      const rows = await open.sql(`select to_jsonb(t)::text as row from ${table} t where id = $1`, [id]);
      expect([table, JSON.stringify(rows)]).toEqual([table, expect.not.stringContaining(marks.email)]);
    }
    expect(await open.sql('select source from auth_attempts')).toEqual([{ source: '*' }]);
    expect(await open.sql("select key from idempotency_keys where key = 'of the other'")).toHaveLength(1);
    // Who has it last goes like everybody else.
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [anew?.id]);
    expect(await erase(String(anew?.id))).toBe('ok');
    expect(tablesWithMarks(await dump())).toEqual([]);
  });

  it('waits for a post that is at its platform this moment', async () => {
    const person = await addPerson(open.sql, 'busy');
    const tenant = await addTenant(open.sql, person.userId);
    const publicationId = await addPublication(open.sql, tenant, { state: 'publishing' });
    await open.sql('update users set deletion_requested_at = app.now() where id = $1', [person.userId]);
    expect(await erase(person.userId)).toBe('waiting');
    await open.sql("update post_publications set state = 'failed' where id = $1", [publicationId]);
    expect(await erase(person.userId)).toBe('waiting');
    await sweep();
    expect(await erase(person.userId)).toBe('ok');
  });
});
