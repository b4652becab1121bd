/** The state machine of a publication and the statements that drive it, under concurrency, staleness and death. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { json } from '../../shared/db/parameters.ts';
import {
  claimAgain,
  claimDue,
  claimLooks,
  claimOwn,
  claimPost,
  recoverPublications,
} from '../../shared/publications/dispatch-queries.ts';
import { resolvePublication, retryPublication } from '../../shared/publications/queries.ts';
import {
  guardCommits,
  leaseLooks,
  leasePublications,
  settlePublications,
} from '../../shared/publications/work-queries.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import { addAccount, addPerson, addPublication, addTenant, type Someone, type Tenant, type Wanted } from './seed.ts';

let open: OpenDatabase;
let owner: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
  owner = await addPerson(open.sql, 'owner');
});
beforeEach(async () => {
  await open.sql('delete from post_publications');
  tenant = await addTenant(open.sql, owner.userId);
});
afterEach(() => open.moveClock(0));
afterAll(() => open.close());

const add = (wanted?: Wanted) => addPublication(open.sql, tenant, wanted);
async function get(id: string): Promise<Row> {
  const [row] = await open.sql('select * from post_publications where id = $1', [id]);
  if (row === undefined) throw new Error('there is no such publication');
  return row;
}
const attemptsOf = (id: string) =>
  open.sql(
    'select kind, outcome, generation, lease_token, commit_started_at from publication_attempts where publication_id = $1 order by id',
    [id],
  );
const lease = (messages: readonly { id: string; generation: number }[], leaseS = 60) =>
  open.worker.many(leasePublications, { messages: json(messages), leaseS });
const guard = async (lease: { id: string; leaseToken: unknown; generation: number; needsS?: number }) =>
  (await open.worker.many(guardCommits, { leases: json([{ needsS: 10, ...lease }]) })).length === 1;
const settle = (results: readonly Row[]) => open.worker.many(settlePublications, { results: json(results) });

/** A publication that a worker holds; `commits` as well. */
async function held(more: { commits?: boolean; leaseS?: number; account?: Tenant } = {}) {
  const id = await addPublication(open.sql, more.account ?? tenant, { state: 'queued', dueInS: -1 });
  const [leased] = await lease([{ id, generation: 1 }], more.leaseS);
  const leaseToken = leased?.job?.leaseToken ?? '';
  if (more.commits === true) expect(await guard({ id, leaseToken, generation: 1 })).toBe(true);
  return { id, leaseToken, generation: 1 };
}

const states = [
  'draft',
  'pending_approval',
  'scheduled',
  'queued',
  'publishing',
  'processing',
  'published',
  'failed',
  'unknown',
  'cancelled',
];

/** The design's table. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  draft: ['pending_approval', 'scheduled', 'cancelled'],
  pending_approval: ['scheduled', 'draft', 'cancelled'],
  scheduled: ['queued', 'draft', 'cancelled'],
  queued: ['scheduled', 'publishing', 'cancelled'],
  publishing: ['processing', 'published', 'scheduled', 'failed', 'unknown'],
  processing: ['published', 'failed', 'unknown'],
  unknown: ['published', 'failed', 'scheduled'],
  failed: ['scheduled', 'cancelled'],
  published: [],
  cancelled: [],
};

describe('states', () => {
  const changes = states.flatMap((from) => states.filter((to) => to !== from).map((to) => ({ from, to })));

  it.each(changes)('$from → $to', async ({ from, to }) => {
    const whole = { lease_until: new Date(), platform_post_id: 'p', next_attempt_at: new Date() };
    const id = await add({ state: from, columns: whole });
    const done = open.sql('update post_publications set state = $2 where id = $1', [id, to]).then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
    expect(await done).toBe(allowed[from]?.includes(to) ? 'done' : 'PH001');
    expect((await get(id)).state).toBe(allowed[from]?.includes(to) ? to : from);
  });

  it('publishing goes back to scheduled only before its commit, or when the platform refused it', async () => {
    const back = (id: string, more = '') =>
      open.sql(`update post_publications set state = 'scheduled' ${more} where id = $1`, [id]);
    const { id } = await held({ commits: true });
    await expect(back(id)).rejects.toMatchObject({ code: 'PH001' });
    await expect(back(id, ', refused_at = commit_started_at')).rejects.toMatchObject({ code: 'PH001' });
    await back(id, ", refused_at = commit_started_at + interval '1 second'");
    expect(await get(id)).toMatchObject({ state: 'scheduled', commit_started_at: null, looks: 0 });
  });

  it.each([
    ['published without evidence', { state: 'published', columns: { platform_post_id: null } }],
    ['publishing without a deadline', { state: 'publishing', columns: { lease_until: null } }],
    ['scheduled without a due instant', { state: 'scheduled', columns: { due_at: null } }],
    ['of an unknown state', { state: 'lost' }],
  ])('a row cannot be %s', async (_name, wanted) => {
    await expect(add(wanted)).rejects.toMatchObject({ code: '23514' });
  });

  it('each end is announced once', async () => {
    const { id, leaseToken } = await held({ commits: true });
    await settle([{ id, leaseToken, state: 'unknown', outcome: 'unknown', waitS: 0 }]);
    await open.sql("update post_publications set state = 'published', platform_post_id = 'p' where id = $1", [id]);
    await open.sql('update post_publications set likes = 1 where id = $1', [id]);
    const events = await open.sql("select kind from outbox_events where payload ->> 'publicationId' = $1 order by id", [
      id,
    ]);
    expect(events.map(({ kind }) => kind)).toEqual(['publication.unknown', 'publication.published']);
  });
});

describe('claiming', () => {
  it('never gives a row to two of eight claimers', async () => {
    for (let index = 0; index < 200; index += 1) await add({ dueInS: index % 100 });
    const claims = await Promise.all(Array.from({ length: 8 }, () => open.worker.many(claimDue, { limit: 40 })));
    const ids = claims.flat().map(({ id }) => id);
    const more = (await open.worker.many(claimDue, { limit: 1_000 })).map(({ id }) => id);
    expect(new Set([...ids, ...more]).size).toBe(200);
    expect([...ids, ...more]).toHaveLength(200);
    expect(await open.sql('select distinct state, generation from post_publications')).toEqual([
      { state: 'queued', generation: 1 },
    ]);
  });

  it('takes what falls due within the horizon and no more, oldest first', async () => {
    const [late, soon, far] = [await add({ dueInS: -30 }), await add({ dueInS: 179 }), await add({ dueInS: 200 })];
    expect(await open.worker.many(claimDue, { limit: 1 })).toMatchObject([{ id: late, delayS: 0 }]);
    const [second] = await open.worker.many(claimDue, { limit: 10 });
    expect(second).toMatchObject({ id: soon, generation: 1 });
    expect(second?.delayS).toBeGreaterThan(170);
    expect(second?.delayS).toBeLessThanOrEqual(179);
    expect(await get(far)).toMatchObject({ state: 'scheduled', generation: 0 });
  });

  it.each(states.filter((state) => state !== 'scheduled'))('leaves what is %s', async (state) => {
    const id = await add({ state, dueInS: -10 });
    expect(await open.worker.many(claimDue, { limit: 10 })).toEqual([]);
    expect(await open.worker.many(claimAgain, { ids: [id] })).toEqual([]);
  });

  it('follows a retry’s own instant, not the due one', async () => {
    const id = await add({ dueInS: -60, columns: { next_attempt_at: new Date(Date.now() + 3_600_000) } });
    expect(await open.worker.many(claimDue, { limit: 10 })).toEqual([]);
    await open.moveClock(3_600);
    expect(await open.worker.many(claimDue, { limit: 10 })).toMatchObject([{ id }]);
  });

  it('by a door is for those who may write in the project', async () => {
    const stranger = open.as({ kind: 'actor', ...(await addPerson(open.sql, 'stranger')) });
    const publicationId = await add();
    const { post_id: postId } = await get(publicationId);
    expect(await stranger.many(claimOwn, { publicationId })).toEqual([]);
    expect(await stranger.many(claimPost, { postId: String(postId) })).toEqual([]);
    const mine = open.as({ kind: 'actor', ...owner });
    expect(await mine.many(claimPost, { postId: String(postId) })).toMatchObject([
      { id: publicationId, generation: 1 },
    ]);
    expect(await mine.many(claimOwn, { publicationId })).toEqual([]);
  });
});

describe('leasing', () => {
  it('gives each message to one of eight workers and writes its attempt', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 40; index += 1) ids.push(await add({ state: 'queued', dueInS: -1 }));
    const messages = ids.map((id) => ({ id, generation: 1 }));
    const leases = await Promise.all(Array.from({ length: 8 }, () => lease(messages)));
    expect(
      leases
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort());
    const written = await open.sql(
      "select publication_id from publication_attempts where outcome is null and kind = 'publish' and publication_id = any ($1)",
      [ids],
    );
    expect(written).toHaveLength(40);
    expect(new Set(leases.flat().map(({ job }) => job?.leaseToken)).size).toBe(40);
  });

  it('ignores a stale generation, a newer one, and every other state', async () => {
    const id = await add({ state: 'queued', dueInS: -1, columns: { generation: 5 } });
    expect(
      await lease([
        { id, generation: 4 },
        { id: randomUUID(), generation: 1 },
      ]),
    ).toEqual([]);
    expect(await lease([{ id, generation: 6 }])).toEqual([]);
    for (const state of states.filter((other) => other !== 'queued')) {
      const other = await add({ state, dueInS: -1, columns: { generation: 1 } });
      expect(await lease([{ id: other, generation: 1 }]), state).toEqual([]);
    }
    expect(
      await lease([
        { id, generation: 5 },
        { id, generation: 5 },
        { id, generation: 4 },
      ]),
    ).toMatchObject([{ outcome: 'leased', id }]);
  });

  it('queues what is early again, under a new generation', async () => {
    const id = await add({ state: 'queued', dueInS: 20 });
    const [requeued] = await lease([{ id, generation: 1 }]);
    expect(requeued).toMatchObject({ outcome: 'requeued', id, generation: 2, job: null });
    expect(requeued?.delayS).toBeGreaterThan(17);
    expect(await get(id)).toMatchObject({ state: 'queued', generation: 2 });
    expect(await attemptsOf(id)).toEqual([]);
    await open.moveClock(21);
    expect(await lease([{ id, generation: 1 }])).toEqual([]);
    expect(await lease([{ id, generation: 2 }])).toMatchObject([{ outcome: 'leased', id }]);
  });

  it('lets one wait behind an earlier publication of its account, for at most 60 s', async () => {
    const first = await held({ leaseS: 600 });
    const second = await add({ state: 'queued', dueInS: 0 });
    const foreign = await addPublication(
      open.sql,
      { ...tenant, accountId: await addAccount(open.sql, tenant.projectId) },
      { state: 'queued' },
    );
    expect(await lease([{ id: second, generation: 1 }])).toMatchObject([
      { outcome: 'requeued', generation: 2, delayS: 1 },
    ]);
    expect(await lease([{ id: foreign, generation: 1 }])).toMatchObject([{ outcome: 'leased' }]);
    await open.moveClock(61);
    expect(await lease([{ id: second, generation: 2 }])).toMatchObject([{ outcome: 'leased' }]);
    expect(await get(first.id)).toMatchObject({ state: 'publishing' });
  });

  it('lets one wait behind earlier ones that other workers are about to take, and takes them all in one batch', async () => {
    const ids = [];
    for (const dueInS of [-4, -3, -2]) ids.push(await add({ state: 'queued', dueInS }));
    const [first = '', second = '', third = ''] = ids;
    expect(await lease([{ id: third, generation: 1 }])).toMatchObject([{ outcome: 'requeued', generation: 2 }]);
    // A message of before is no sign that the second is here.
    expect(await lease([{ id: second, generation: 0 }])).toEqual([]);
    expect(await lease([first, second].map((id) => ({ id, generation: 1 })))).toMatchObject([
      { outcome: 'leased' },
      { outcome: 'leased' },
    ]);
  });

  it('lets one wait neither behind many, nor behind what is a minute late or comes later again', async () => {
    const others = [];
    for (const dueInS of [-9, -8, -7, -6, -5]) others.push(await add({ state: 'queued', dueInS }));
    const id = await add({ state: 'queued', dueInS: -1 });
    await open.sql(
      "update post_publications set next_attempt_at = app.now() + interval '9 seconds' where id = any ($1)",
      [others.slice(1)],
    );
    await open.sql("update post_publications set due_at = app.now() - interval '61 seconds' where id = $1", [
      others[0],
    ]);
    expect(await lease([{ id, generation: 1 }])).toMatchObject([{ outcome: 'leased' }]);
    const account = { ...tenant, accountId: await addAccount(open.sql, tenant.projectId) };
    for (let more = 0; more < 6; more += 1) await addPublication(open.sql, account, { state: 'queued', dueInS: -9 });
    const last = await addPublication(open.sql, account, { state: 'queued', dueInS: -1 });
    expect(await lease([{ id: last, generation: 1 }])).toMatchObject([{ outcome: 'leased' }]);
  });

  it('does not wait behind a later one, nor behind one that the platform works on', async () => {
    const later = await addPublication(open.sql, tenant, {
      state: 'publishing',
      dueInS: 5,
      columns: { publishing_at: new Date() },
    });
    await addPublication(open.sql, tenant, {
      state: 'processing',
      dueInS: -50,
      columns: { publishing_at: new Date() },
    });
    const id = await add({ state: 'queued', dueInS: -1 });
    expect(await lease([{ id, generation: 1 }])).toMatchObject([{ outcome: 'leased' }]);
    expect(await get(later)).toMatchObject({ state: 'publishing' });
  });

  it('counts the commits of the account’s last day, and those on their way', async () => {
    const outcomes = [
      'published',
      'accepted',
      'unknown',
      'lost',
      null,
      'refused',
      'retry',
      'failed',
      'absent',
      'waiting',
    ];
    const done = await add({ state: 'published' });
    const attempt = (outcome: string | null, age: string, committed = true) =>
      open.sql(
        `insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token, outcome, commit_started_at)
         values ($1, $2, $3, 'publish', 1, uuidv7(), $4, case when $5 then app.now() - $6::interval end)`,
        [tenant.projectId, done, tenant.accountId, outcome, committed, age],
      );
    for (const outcome of outcomes) await attempt(outcome, '1 hour');
    await attempt('published', '25 hours');
    await attempt('lost', '1 hour', false);
    const id = await add({ state: 'queued' });
    const [leased] = await lease([{ id, generation: 1 }]);
    expect(leased?.job?.postsToday).toBe(5);
  });
});

describe('the guard', () => {
  it('lets a commit begin once, and writes it into the ledger', async () => {
    const one = await held();
    expect(await guard(one)).toBe(true);
    expect(await attemptsOf(one.id)).toMatchObject([
      { kind: 'publish', outcome: null, commit_started_at: expect.any(Date) },
    ]);
    expect(await guard(one)).toBe(false);
  });

  it('lets one of eight begin', async () => {
    const one = await held();
    const answers = await Promise.all(Array.from({ length: 8 }, () => guard(one)));
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  it.each([
    ['another lease', { leaseToken: randomUUID() }],
    ['another generation', { generation: 2 }],
    ['too little left of the lease', { needsS: 61 }],
  ])('refuses %s', async (_name, wrong) => {
    const one = await held();
    expect(await guard({ ...one, ...wrong })).toBe(false);
    expect(await get(one.id)).toMatchObject({ commit_started_at: null });
    expect(await guard(one)).toBe(true);
  });

  it('refuses before the due instant', async () => {
    const one = await held();
    await open.sql("update post_publications set due_at = app.now() + interval '1 second' where id = $1", [one.id]);
    expect(await guard(one)).toBe(false);
  });

  it('refuses when the lease has run out, by the clock of the database', async () => {
    const one = await held();
    await open.moveClock(55);
    expect(await guard(one)).toBe(false);
    await open.moveClock(0);
    expect(await guard(one)).toBe(true);
  });

  it('lets a commit begin again only after the platform has refused the first', async () => {
    const one = await held({ commits: true });
    await settle([{ ...one, state: 'scheduled', outcome: 'refused', refused: true, class: 'retry-later', waitS: 0 }]);
    const [again] = await open.worker.many(claimAgain, { ids: [one.id] });
    expect(again).toMatchObject({ id: one.id, generation: 2 });
    const [leased] = await lease([{ id: one.id, generation: 2 }]);
    expect(await guard(one)).toBe(false);
    expect(await guard({ id: one.id, leaseToken: leased?.job?.leaseToken, generation: 2 })).toBe(true);
  });
});

describe('settling', () => {
  it('stores evidence, closes the attempt, and is done once', async () => {
    const one = await held({ commits: true });
    const result = {
      ...one,
      state: 'published',
      outcome: 'published',
      platformPostId: 'p1',
      url: 'https://x/p1',
      platformPublishedAt: '2026-01-02T03:04:05Z',
    };
    expect(await settle([result])).toMatchObject([{ id: one.id, state: 'published' }]);
    expect(await get(one.id)).toMatchObject({
      state: 'published',
      platform_post_id: 'p1',
      url: 'https://x/p1',
      lease_token: null,
      lease_until: null,
    });
    expect(await attemptsOf(one.id)).toMatchObject([{ outcome: 'published' }]);
    expect(await settle([{ ...result, state: 'failed', outcome: 'failed' }])).toEqual([]);
    expect((await get(one.id)).state).toBe('published');
  });

  it('of a lost lease changes nothing', async () => {
    const one = await held({ commits: true });
    expect(await settle([{ ...one, leaseToken: randomUUID(), state: 'failed', outcome: 'failed' }])).toEqual([]);
    expect((await get(one.id)).state).toBe('publishing');
  });

  it('never gives up by itself once a commit had begun, unless the platform refused it', async () => {
    const one = await held({ commits: true });
    const result = { ...one, state: 'failed', outcome: 'failed', class: 'unknown' };
    expect(await settle([result])).toMatchObject([{ state: 'unknown' }]);
    expect(await open.worker.many(leaseLooks, { ids: [one.id], leaseS: 60 })).toMatchObject([{ id: one.id, looks: 1 }]);
    const refused = await held({ commits: true });
    expect(await settle([{ ...result, ...refused, refused: true }])).toMatchObject([{ state: 'failed' }]);
  });

  it('never retries by itself once a commit had begun, unless the platform refused it', async () => {
    const one = await held({ commits: true });
    const result = { ...one, state: 'scheduled', outcome: 'retry', class: 'unknown', waitS: 5 };
    expect(await settle([result])).toMatchObject([{ state: 'unknown', delayS: 5 }]);
    expect(await open.worker.many(claimAgain, { ids: [one.id] })).toEqual([]);
    const other = await held();
    expect(await settle([{ ...result, ...other }])).toMatchObject([{ state: 'scheduled' }]);
  });

  it('of a batch settles each by its own, and leaves the others untouched', async () => {
    const accounts = await Promise.all(
      [1, 2, 3].map(async () => ({ ...tenant, accountId: await addAccount(open.sql, tenant.projectId) })),
    );
    const [done, failed, open_] = await Promise.all(accounts.map((account) => held({ account, commits: true })));
    if (done === undefined || failed === undefined || open_ === undefined) throw new Error('three were held');
    await settle([
      { ...done, state: 'published', outcome: 'published', platformPostId: 'p' },
      {
        ...failed,
        state: 'failed',
        outcome: 'failed',
        refused: true,
        class: 'reauthorize',
        message: 'no',
        accountStatus: 'reauthorization_needed',
      },
    ]);
    expect(await Promise.all([done, failed, open_].map(async ({ id }) => (await get(id)).state))).toEqual([
      'published',
      'failed',
      'publishing',
    ]);
    const statuses = await open.sql('select id, status from social_accounts where project_id = $1', [tenant.projectId]);
    expect(statuses.filter(({ status }) => status !== 'connected')).toEqual([
      { id: accounts[1]?.accountId, status: 'reauthorization_needed' },
    ]);
  });
});

describe('the sweep', () => {
  const recover = () => open.worker.many(recoverPublications, { limit: 100 });

  it('leaves a living worker alone', async () => {
    await held({ commits: true });
    expect(await recover()).toEqual([]);
  });

  it('sets a dead worker’s publication due again, when its commit had not begun', async () => {
    const one = await held();
    await open.moveClock(61);
    expect(await recover()).toMatchObject([{ id: one.id, state: 'scheduled', found: 'dead-worker' }]);
    expect(await attemptsOf(one.id)).toMatchObject([{ outcome: 'lost', commit_started_at: null }]);
    expect(await recover()).toEqual([]);
    const [again] = await open.worker.many(claimAgain, { ids: [one.id] });
    expect(again).toMatchObject({ generation: 2, delayS: 0 });
    expect(await guard(one)).toBe(false);
    expect(await settle([{ ...one, state: 'published', outcome: 'published', platformPostId: 'p' }])).toEqual([]);
  });

  it('asks for a look when the commit had begun, and never publishes again by itself', async () => {
    const one = await held({ commits: true });
    await open.moveClock(61);
    expect(await recover()).toMatchObject([{ id: one.id, state: 'unknown', found: 'dead-worker' }]);
    expect(await open.worker.many(claimDue, { limit: 10 })).toEqual([]);
    expect(await lease([{ id: one.id, generation: 1 }])).toEqual([]);
    expect(await settle([{ ...one, state: 'published', outcome: 'published', platformPostId: 'p' }])).toEqual([]);
    const [look] = await open.worker.many(leaseLooks, { ids: [one.id], leaseS: 60 });
    expect(look).toMatchObject({ id: one.id, looks: 1, state: 'unknown' });
    expect(await attemptsOf(one.id)).toMatchObject([
      { kind: 'publish', outcome: 'lost' },
      { kind: 'reconcile', outcome: null },
    ]);
  });

  it('retries a commit that the platform had refused before the worker died', async () => {
    const one = await held({ commits: true });
    await open.sql("update post_publications set refused_at = commit_started_at + interval '1 second' where id = $1", [
      one.id,
    ]);
    await open.moveClock(61);
    expect(await recover()).toMatchObject([{ id: one.id, state: 'scheduled' }]);
  });

  it('claims anew what is queued while its message is lost, but not what is merely early', async () => {
    const id = await add({ state: 'queued', dueInS: 0 });
    const early = await add({ state: 'queued', dueInS: 170 });
    await open.moveClock(29);
    expect(await recover()).toEqual([]);
    await open.moveClock(32);
    expect(await recover()).toMatchObject([{ id, state: 'scheduled', found: 'lost-message' }]);
    expect(await open.worker.many(claimAgain, { ids: [id] })).toMatchObject([{ generation: 2 }]);
    expect(await lease([{ id, generation: 1 }])).toEqual([]);
    expect(await get(early)).toMatchObject({ state: 'queued', generation: 1 });
  });

  it('wakes a look that nobody carries, once it is overdue', async () => {
    const one = await held({ commits: true });
    await settle([{ ...one, state: 'unknown', outcome: 'unknown', class: 'unknown', waitS: 5 }]);
    const wake = () => open.worker.many(claimLooks, { limit: 10 });
    expect(await wake()).toEqual([]);
    await open.moveClock(21);
    expect(await wake()).toMatchObject([{ id: one.id }]);
    expect(await wake()).toEqual([]);
  });

  it('four sweeps at once recover each once', async () => {
    const accounts = await Promise.all(
      Array.from({ length: 12 }, async () => ({ ...tenant, accountId: await addAccount(open.sql, tenant.projectId) })),
    );
    await Promise.all(accounts.map((account, index) => held({ account, commits: index % 2 === 0 })));
    await open.moveClock(61);
    const found = (await Promise.all([recover(), recover(), recover(), recover()])).flat();
    expect(found).toHaveLength(12);
    expect(new Set(found.map(({ id }) => id)).size).toBe(12);
    expect(found.filter(({ state }) => state === 'unknown')).toHaveLength(6);
  });
});

describe('looks', () => {
  const look = (ids: string[]) => open.worker.many(leaseLooks, { ids, leaseS: 60 });

  async function unknown(): Promise<string> {
    const one = await held({ commits: true });
    await settle([{ ...one, state: 'unknown', outcome: 'unknown', class: 'unknown', waitS: 0 }]);
    return one.id;
  }

  it('are leased by one of eight', async () => {
    const id = await unknown();
    const leases = await Promise.all(Array.from({ length: 8 }, () => look([id])));
    expect(leases.flat()).toHaveLength(1);
    expect(await get(id)).toMatchObject({ looks: 1 });
  });

  it('count up, and find nothing to do when it is too early', async () => {
    const id = await unknown();
    const [first] = await look([id]);
    await settle([
      { id, leaseToken: first?.leaseToken, state: 'unknown', outcome: 'unknown', class: 'unknown', waitS: 30 },
    ]);
    expect(await look([id])).toEqual([]);
    await open.moveClock(31);
    expect(await look([id])).toMatchObject([{ looks: 2 }]);
  });

  it('know the posts that are others’, so that none is taken for ours', async () => {
    const other = await add({ state: 'published', columns: { platform_post_id: 'theirs' } });
    const id = await unknown();
    const [leased] = await look([id]);
    expect(leased?.knownPostIds).toEqual(['theirs']);
    expect((await get(other)).state).toBe('published');
  });

  it('proven absent, it is due again and its commit may begin anew', async () => {
    const id = await unknown();
    const [leased] = await look([id]);
    await settle([
      { id, leaseToken: leased?.leaseToken, state: 'scheduled', outcome: 'absent', class: 'retry-later', waitS: 0 },
    ]);
    expect(await get(id)).toMatchObject({ state: 'scheduled', commit_started_at: null, looks: 0 });
    const [claimed] = await open.worker.many(claimAgain, { ids: [id] });
    const [again] = await lease([{ id, generation: claimed?.generation ?? 0 }]);
    expect(await guard({ id, leaseToken: again?.job?.leaseToken, generation: claimed?.generation ?? 0 })).toBe(true);
  });
});

describe('its user', () => {
  const mine = () => open.as({ kind: 'actor', ...owner });
  const resolve = (publicationId: string, live: boolean) =>
    mine().change(resolvePublication, { publicationId, live, url: live ? 'https://x/1' : null, platformPostId: null });

  it('settles what nobody could find out, under their name', async () => {
    const live = await add({ state: 'unknown' });
    expect(await resolve(live, true)).toMatchObject({ outcome: 'ok' });
    expect(await get(live)).toMatchObject({ state: 'published', url: 'https://x/1' });
    const [entry] = await open.sql(
      'select kind, outcome, message from publication_attempts where publication_id = $1',
      [live],
    );
    expect(entry).toEqual({ kind: 'resolve', outcome: 'published', message: `settled by ${owner.userId}` });
    const absent = await add({ state: 'unknown' });
    await resolve(absent, false);
    expect(await get(absent)).toMatchObject({ state: 'scheduled', commit_started_at: null });
  });

  it.each(states.filter((state) => state !== 'unknown'))('cannot settle what is %s', async (state) => {
    const id = await add({ state });
    await expect(resolve(id, true)).rejects.toMatchObject({ code: 'wrong_state' });
    expect((await get(id)).state).toBe(state);
  });

  it('cannot settle while a look is under way, but when it has died', async () => {
    const id = await add({ state: 'unknown', columns: { next_attempt_at: new Date(0) } });
    await open.worker.many(leaseLooks, { ids: [id], leaseS: 60 });
    await expect(resolve(id, true)).rejects.toMatchObject({ code: 'wrong_state' });
    await open.moveClock(61);
    await resolve(id, true);
  });

  it('retries what has failed, once', async () => {
    const id = await add({ state: 'failed' });
    await mine().change(retryPublication, { publicationId: id });
    expect(await get(id)).toMatchObject({ state: 'scheduled' });
    await expect(mine().change(retryPublication, { publicationId: id })).rejects.toMatchObject({ code: 'wrong_state' });
  });

  it('needs the right to write, and sees no one else’s', async () => {
    const viewer = await addPerson(open.sql, 'viewer');
    await open.sql("insert into project_collaborators values ($1, $2, 'viewer')", [tenant.projectId, viewer.userId]);
    const stranger = await addPerson(open.sql, 'stranger');
    const id = await add({ state: 'failed' });
    for (const [person, code] of [
      [viewer, 'forbidden'],
      [stranger, 'not_found'],
    ] as const) {
      const asked = open.as({ kind: 'actor', ...person });
      await expect(asked.change(retryPublication, { publicationId: id })).rejects.toMatchObject({ code });
      await expect(
        asked.change(resolvePublication, { publicationId: id, live: true, url: null, platformPostId: null }),
      ).rejects.toMatchObject({ code });
    }
    expect((await get(id)).state).toBe('failed');
  });
});
