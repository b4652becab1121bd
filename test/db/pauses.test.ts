/** Which accounts a quota pauses, whoever changes what, and that what waits for them is neither lost nor doubled. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { json } from '../../shared/db/parameters.ts';
import { claimDue, claimPreparations, recoverPublications } from '../../shared/publications/dispatch-queries.ts';
import { leasePublications, settlePublications } from '../../shared/publications/work-queries.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addAccount, addPerson, addPublication, addRow, addTenant, type Someone } from './seed.ts';

let open: OpenDatabase;
let owner: Someone;

beforeAll(async () => {
  open = await openDatabase();
  owner = await addPerson(open.sql, 'owner');
});
afterEach(async () => {
  await open.moveClock(0);
  await open.sql('delete from quota_overrides');
  await open.sql("update quotas set most = null where name = 'accounts'");
  await open.sql('delete from post_publications');
});
afterAll(() => open.close());

/** Connected one after the other, an hour apart; `by` nobody where it is not given. */
async function connect(projectId: string, ids: readonly string[], by: Someone | null = owner) {
  for (const [hours, id] of ids.entries())
    await open.sql(
      `update social_accounts set connected_by = $2, created_at = '2026-01-01T00:00:00Z'::timestamptz + $3 * interval '1 hour'
       where id = $1 and project_id = $4`,
      [id, by?.userId ?? null, hours, projectId],
    );
}
async function project(accounts: number, by: Someone | null = owner) {
  const { projectId, accountId } = await addTenant(open.sql, owner.userId);
  const ids = [accountId];
  while (ids.length < accounts) ids.push(await addAccount(open.sql, projectId, 'mastodon'));
  await connect(projectId, ids, by);
  return { projectId, ids };
}
const limitProject = (projectId: string, most: number | null) =>
  open.sql(
    `insert into quota_overrides (scope, name, project_id, most) values ('project', 'accounts', $1, $2)
     on conflict on constraint quota_overrides_one_key do update set most = excluded.most`,
    [projectId, most],
  );
const limitPerson = (userId: string, most: number | null) =>
  open.sql(
    `insert into quota_overrides (scope, name, user_id, most) values ('user', 'accounts', $1, $2)
     on conflict on constraint quota_overrides_one_key do update set most = excluded.most`,
    [userId, most],
  );
/** `r` runs, `p` paused, in the order of the ids. */
async function shown(ids: readonly string[]): Promise<string> {
  const rows = await open.sql('select id, paused_at from social_accounts where id = any ($1)', [ids]);
  const paused = new Map(rows.map((row) => [row.id, row.paused_at !== null]));
  return ids.map((id) => (paused.has(id) ? (paused.get(id) ? 'p' : 'r') : '-')).join('');
}
const disconnect = (id: string | undefined) =>
  open.sql("update social_accounts set status = 'disconnected', disconnected_at = app.now() where id = $1", [id]);

describe('which are paused', () => {
  test('the newest of a project; the oldest of them resume as the quota rises', async () => {
    const { projectId, ids } = await project(4);
    await limitProject(projectId, 2);
    expect(await shown(ids)).toBe('rrpp');
    await limitProject(projectId, 3);
    expect(await shown(ids)).toBe('rrrp');
    await limitProject(projectId, 0);
    expect(await shown(ids)).toBe('pppp');
    await limitProject(projectId, null);
    expect(await shown(ids)).toBe('rrrr');
    await limitProject(projectId, 1);
    await open.sql('delete from quota_overrides where project_id = $1', [projectId]);
    expect(await shown(ids)).toBe('rrrr');
  });

  test('of those connected at one instant, always the same', async () => {
    const { projectId, ids } = await project(3);
    await open.sql("update social_accounts set created_at = '2026-01-01T00:00:00Z' where project_id = $1", [projectId]);
    await limitProject(projectId, 1);
    expect(await shown([...ids].sort())).toBe('rpp');
  });

  test('an account that goes makes room for the oldest that waits, whether it is disconnected, deleted or moved', async () => {
    const { projectId, ids } = await project(4);
    const elsewhere = await project(1);
    await limitProject(projectId, 1);
    await disconnect(ids[0]);
    expect(await shown(ids)).toBe('rrpp');
    await open.sql('delete from social_accounts where id = $1', [ids[1]]);
    expect(await shown(ids)).toBe('r-rp');
    await open.sql('update social_accounts set project_id = $2 where id = $1', [ids[2], elsewhere.projectId]);
    expect(await shown(ids)).toBe('r-rr');
  });

  test('a paused account that is disconnected is paused no more', async () => {
    const { projectId, ids } = await project(2);
    await limitProject(projectId, 1);
    await disconnect(ids[1]);
    expect(await shown(ids)).toBe('rr');
  });

  test('a person’s quota counts over all projects; with the project’s, an account runs that both let run', async () => {
    const [first, second] = [await project(2), await project(2)];
    const ids = [...first.ids, ...second.ids];
    for (const [hours, id] of ids.entries())
      await open.sql(
        "update social_accounts set created_at = '2026-02-01'::timestamptz + $2 * interval '1 hour' where id = $1",
        [id, hours],
      );
    const friend = await addPerson(open.sql, 'friend');
    await limitPerson(owner.userId, 3);
    // What this person connected in other tests is older or newer: only these four are looked at.
    await open.sql('update social_accounts set connected_by = $2 where connected_by = $1 and not id = any ($3)', [
      owner.userId,
      friend.userId,
      ids,
    ]);
    expect(await shown(ids)).toBe('rrrp');
    await limitProject(first.projectId, 1);
    expect(await shown(ids)).toBe('rprp');
    await limitPerson(owner.userId, null);
    expect(await shown(ids)).toBe('rprr');
    await limitPerson(owner.userId, 0);
    await limitProject(first.projectId, null);
    expect(await shown(ids)).toBe('pppp');
    // Whose account it was is forgotten with the person: no quota of theirs holds it.
    await open.sql('update social_accounts set connected_by = null where id = $1', [ids[1]]);
    expect(await shown(ids)).toBe('prpp');
  });

  test('everybody’s quota pauses whoever has none of their own', async () => {
    const [many, own, few] = [await project(3, null), await project(3, null), await project(1, null)];
    await limitProject(own.projectId, 2);
    await open.sql("update quotas set most = 1 where scope = 'project' and name = 'accounts'");
    expect([await shown(many.ids), await shown(own.ids), await shown(few.ids)]).toEqual(['rpp', 'rrp', 'r']);
    await open.sql("update quotas set most = 2 where scope = 'project' and name = 'accounts'");
    expect([await shown(many.ids), await shown(own.ids), await shown(few.ids)]).toEqual(['rrp', 'rrp', 'r']);
    await open.sql("update quotas set most = null where scope = 'project' and name = 'accounts'");
    expect([await shown(many.ids), await shown(own.ids)]).toEqual(['rrr', 'rrp']);
  });

  test('the person is erased: their accounts of a project of others are held by the project’s quota alone', async () => {
    const leaver = await addPerson(open.sql, 'leaver');
    const { ids } = await project(2, leaver);
    await limitPerson(leaver.userId, 0);
    expect(await shown(ids)).toBe('pp');
    await open.sql('delete from users where id = $1', [leaver.userId]);
    expect(await shown(ids)).toBe('rr');
  });

  test('many at once come out as one after the other would, and nobody waits in a ring', async () => {
    const person = await addPerson(open.sql, 'many');
    for (let round = 0; round < 5; round += 1) {
      const [first, second] = [await project(4, person), await project(4, person)];
      const ids = [...first.ids, ...second.ids];
      await limitPerson(person.userId, 8);
      await limitProject(first.projectId, 4);
      await Promise.all([
        limitPerson(person.userId, 6),
        limitProject(first.projectId, 2),
        limitProject(second.projectId, 3),
        disconnect(first.ids[0]),
        disconnect(second.ids[0]),
        open.sql('update social_accounts set last_posted_at = app.now() where id = any ($1)', [ids]),
        limitProject(first.projectId, 2),
        disconnect(first.ids[1]),
      ]);
      expect(await shown(ids)).toBe('rrrrrrrr');
      await Promise.all([limitPerson(person.userId, 3), limitProject(second.projectId, 1)]);
      // By instant: second 1, first 2, second 2, first 3, second 3 are left, in hours 1, 2, 2, 3, 3.
      const rows = await open.sql(
        `select a.id, a.paused_at is not null as paused,
           row_number() over (order by a.created_at, a.id) > 3
             or (a.project_id = $2 and row_number() over (partition by a.project_id order by a.created_at, a.id) > 1) as wanted
         from social_accounts a where a.connected_by = $1 and a.status <> 'disconnected'`,
        [person.userId, second.projectId],
      );
      expect(rows.map(({ paused }) => paused)).toEqual(rows.map(({ wanted }) => wanted));
      expect(rows.filter(({ paused }) => paused === true).length).toBeGreaterThan(0);
      await open.sql(
        "update social_accounts set status = 'disconnected', disconnected_at = app.now() where connected_by = $1",
        [person.userId],
      );
    }
  });
});

describe('what waits for a paused account', () => {
  const stateOf = async (id: string) =>
    (await open.sql('select state, generation, next_attempt_at from post_publications where id = $1', [id]))[0];
  const lease = (id: string, generation: number) =>
    open.worker.many(leasePublications, { messages: json([{ id, generation }]), leaseS: 60 });
  const claimed = async (limit = 10) => (await open.worker.many(claimDue, { limit })).map(({ id }) => id);

  test('is passed over by the tick, however long it is due, and claimed once it may', async () => {
    const { projectId, ids } = await project(2);
    const [runs = '', waits = ''] = ids;
    const held = await addPublication(
      open.sql,
      { projectId, accountId: waits },
      { state: 'scheduled', dueInS: -90_000 },
    );
    const free = await addPublication(open.sql, { projectId, accountId: runs }, { state: 'scheduled', dueInS: -1 });
    await limitProject(projectId, 1);
    expect(await claimed(1)).toEqual([free]);
    expect(await claimed()).toEqual([]);
    await limitProject(projectId, 2);
    expect(await claimed()).toEqual([held]);
    const [leased] = await lease(held, 1);
    // It is no day late for its platform: it could not be tried until now.
    expect(leased?.job?.overdueS).toBeLessThan(60);
  });

  test('is scheduled again where its message was under way, and the message is worth nothing any more', async () => {
    const { projectId, ids } = await project(1);
    const id = await addPublication(
      open.sql,
      { projectId, accountId: ids[0] ?? '' },
      { state: 'scheduled', dueInS: -1 },
    );
    expect(await claimed()).toEqual([id]);
    await limitProject(projectId, 0);
    expect(await lease(id, 1)).toEqual([]);
    expect(await stateOf(id)).toMatchObject({ state: 'scheduled', generation: 1 });
    expect(await lease(id, 1)).toEqual([]);
    expect(await claimed()).toEqual([]);
    await limitProject(projectId, 1);
    expect(await claimed()).toEqual([id]);
    expect(await lease(id, 1)).toEqual([]);
    expect(await lease(id, 2)).toHaveLength(1);
    expect(await open.sql('select 1 from publication_attempts where publication_id = $1', [id])).toHaveLength(1);
  });

  test('what a worker holds is not broken off; its retry waits', async () => {
    const { projectId, ids } = await project(1);
    const id = await addPublication(
      open.sql,
      { projectId, accountId: ids[0] ?? '' },
      { state: 'scheduled', dueInS: -1 },
    );
    await claimed();
    const [leased] = await lease(id, 1);
    await limitProject(projectId, 0);
    expect(await stateOf(id)).toMatchObject({ state: 'publishing' });
    const leaseToken = leased?.job?.leaseToken ?? '';
    await open.worker.many(settlePublications, {
      results: json([
        { id, leaseToken, state: 'scheduled', outcome: 'retry', class: 'retry-later', waitS: 1, refused: false },
      ]),
    });
    await open.moveClock(10_000);
    expect(await claimed()).toEqual([]);
    expect(await stateOf(id)).toMatchObject({ state: 'scheduled' });
  });

  test('a message that was lost meanwhile is not sent anew before', async () => {
    const { projectId, ids } = await project(1);
    const id = await addPublication(
      open.sql,
      { projectId, accountId: ids[0] ?? '' },
      { state: 'scheduled', dueInS: -1 },
    );
    await claimed();
    await limitProject(projectId, 0);
    await open.moveClock(120_000);
    await open.worker.many(recoverPublications, { limit: 10 });
    expect(await stateOf(id)).toMatchObject({ state: 'scheduled' });
    expect(await claimed()).toEqual([]);
  });

  test('nothing is prepared for it at its platform', async () => {
    const { projectId, ids } = await project(1);
    const id = await addPublication(
      open.sql,
      { projectId, accountId: ids[0] ?? '' },
      { state: 'scheduled', dueInS: 300 },
    );
    const [post] = await open.sql('select post_id from post_publications where id = $1', [id]);
    const media = await addRow(open.sql, 'media', {
      ...{
        project_id: projectId,
        file_name: 'a.jpg',
        declared_mime_type: 'image/jpeg',
        declared_bytes: 1,
        upload_key: id,
      },
    });
    await addRow(open.sql, 'post_media', {
      project_id: projectId,
      post_id: post?.post_id,
      media_id: media,
      position: 0,
    });
    await limitProject(projectId, 0);
    const preparing = () => open.worker.many(claimPreparations, { platforms: ['community', 'mastodon'], limit: 10 });
    expect(await preparing()).toEqual([]);
    await limitProject(projectId, null);
    expect(await preparing()).toMatchObject([{ id }]);
  });
});
