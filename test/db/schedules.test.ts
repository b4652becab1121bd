/** Schedules, their occurrences, the slots of a week and the variations of a post. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actors, openActors, outcomeOf } from './acting.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import { addAccount, addPerson, addPost, addRow, addTenant, type Someone, type Tenant } from './seed.ts';

let open: OpenDatabase;
let actors: Actors;
let owner: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
  actors = await openActors(open);
  owner = await addPerson(open.sql, 'owner');
});
beforeEach(async () => {
  tenant = await addTenant(open.sql, owner.userId);
});
afterAll(() => open.close());

describe('slots of one account', () => {
  const slot = (weekday: number, localTime: string, minutes = 1, accountId: string | null = tenant.accountId) =>
    outcomeOf(
      addRow(open.sql, 'schedule_slots', {
        project_id: tenant.projectId,
        account_id: accountId,
        weekday,
        local_time: localTime,
        minutes,
      }),
    );

  it.each<[string, [number, string, number][], string]>([
    [
      'at the same minute',
      [
        [1, '10:00', 1],
        [1, '10:00', 1],
      ],
      '23P01',
    ],
    [
      'the second beginning inside the first',
      [
        [1, '10:00', 30],
        [1, '10:29', 1],
      ],
      '23P01',
    ],
    [
      'the first beginning inside the second',
      [
        [1, '10:29', 1],
        [1, '10:00', 30],
      ],
      '23P01',
    ],
    [
      'one after the other',
      [
        [1, '10:00', 30],
        [1, '10:30', 30],
      ],
      'done',
    ],
    [
      'on other days',
      [
        [1, '10:00', 30],
        [2, '10:00', 30],
      ],
      'done',
    ],
    [
      'over midnight',
      [
        [1, '23:30', 60],
        [2, '00:29', 1],
      ],
      '23P01',
    ],
    [
      'beside midnight',
      [
        [1, '23:30', 60],
        [2, '00:30', 1],
      ],
      'done',
    ],
    [
      'over the end of the week',
      [
        [7, '23:30', 60],
        [1, '00:29', 1],
      ],
      '23P01',
    ],
    [
      'over the end of the week, into its first minute',
      [
        [7, '23:59', 2],
        [1, '00:00', 1],
      ],
      '23P01',
    ],
    [
      'beside the end of the week',
      [
        [7, '23:30', 60],
        [1, '00:30', 1],
      ],
      'done',
    ],
    [
      'at the last minute of the week and the first',
      [
        [7, '23:59', 1],
        [1, '00:00', 1],
      ],
      'done',
    ],
    [
      'both over the end of the week',
      [
        [7, '23:50', 20],
        [7, '23:59', 5],
      ],
      '23P01',
    ],
  ])('%s', async (_name, slots, expected) => {
    const [first, second] = slots;
    expect(await slot(...(first ?? [1, '10:00', 1]))).toBe('done');
    expect(await slot(...(second ?? [1, '10:00', 1]))).toBe(expected);
  });

  it('stand beside those of another account and of the project', async () => {
    expect(await slot(1, '10:00', 60)).toBe('done');
    expect(await slot(1, '10:00', 60, await addAccount(open.sql, tenant.projectId))).toBe('done');
    expect(await slot(1, '10:00', 60, null)).toBe('done');
    expect(await slot(1, '10:30', 60, null)).toBe('23P01');
  });

  it('leave their place when they are deleted or moved', async () => {
    await slot(1, '10:00', 60);
    await open.sql('update schedule_slots set deleted_at = app.now() where account_id = $1', [tenant.accountId]);
    expect(await slot(1, '10:30', 60)).toBe('done');
    await open.sql('update schedule_slots set weekday = 3 where account_id = $1 and deleted_at is null', [
      tenant.accountId,
    ]);
    expect(await slot(1, '10:30', 60)).toBe('done');
  });

  it('cannot be taken by two at once', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => open.database.connect()));
    const taken = await Promise.all(
      clients.map((client, index) =>
        outcomeOf(
          client.query(
            'insert into schedule_slots (project_id, account_id, weekday, local_time, minutes) values ($1, $2, 5, $3, 10)',
            [tenant.projectId, tenant.accountId, `12:0${index}`],
          ),
        ),
      ),
    );
    for (const client of clients) await client.end();
    expect(taken.sort()).toEqual([...Array.from({ length: 5 }, () => '23P01'), 'done']);
  });
});

describe('a schedule', () => {
  const add = (more: Row) =>
    addRow(open.sql, 'publishing_schedules', { project_id: tenant.projectId, name: 'News', ...more });
  const recurrenceOf = async (more: Row) => {
    const [row] = await open.sql('select recurrence from publishing_schedules where id = $1', [await add(more)]);
    return row?.recurrence;
  };

  it('says how it recurs by its rule', async () => {
    const start = { wall_time: '2030-03-31T02:30', time_zone: 'Europe/Berlin' };
    expect(await recurrenceOf({ ...start, name: 'Once' })).toBe('none');
    expect(await recurrenceOf({ ...start, name: 'A', rrule: 'FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10' })).toBe('weekly');
    expect(await recurrenceOf({ ...start, name: 'B', rrule: 'INTERVAL=2;FREQ=MONTHLY;BYDAY=-1FR' })).toBe('monthly');
  });

  it('that an import knows only by its rules stands without a time, and is worked on by nobody', async () => {
    const id = await add({ schedule_rule: { cron: '0 9 * * 1' } });
    expect(
      await open.sql('select wall_time, next_at, is_active from publishing_schedules where id = $1', [id]),
    ).toEqual([{ wall_time: null, next_at: null, is_active: true }]);
  });

  it.each([['Christmas'], ['2030-12-24T'], ['2030-1-1']])('has no exception like %s', async (exception) => {
    await expect(add({ wall_time: '2030-01-01T10:00', exceptions: ['2030-12-24', exception] })).rejects.toMatchObject({
      code: '23514',
    });
  });

  it('keeps its version while the worker works it off', async () => {
    const id = await add({ wall_time: '2030-01-01T10:00' });
    await actors.worker(
      'update publishing_schedules set next_at = app.now(), last_attempt_at = app.now(), retry_count = 1 where id = $1::uuid returning 1 as one',
      [id],
    );
    await actors.as(owner)("update publishing_schedules set name = 'Other' where id = $1::uuid returning 1 as one", [
      id,
    ]);
    expect(await open.sql('select version from publishing_schedules where id = $1', [id])).toEqual([{ version: 2 }]);
  });
});

describe('an occurrence', () => {
  const states = ['planned', 'materialised', 'skipped', 'failed'];
  const allowed: Readonly<Record<string, readonly string[]>> = {
    planned: ['materialised', 'skipped', 'failed'],
    failed: ['planned', 'skipped'],
    skipped: ['planned'],
    materialised: [],
  };
  let scheduleId: string;
  let postId: string;
  beforeEach(async () => {
    postId = await addPost(open.sql, tenant.projectId);
    const schedule = { project_id: tenant.projectId, name: 'News', wall_time: '2030-01-01T10:00', post_id: postId };
    scheduleId = await addRow(open.sql, 'publishing_schedules', schedule);
  });
  const add = (state: string, occursAt = '2035-01-01T10:00:00Z') =>
    addRow(open.sql, 'schedule_occurrences', {
      project_id: tenant.projectId,
      schedule_id: scheduleId,
      occurs_at: occursAt,
      state,
      ...(state === 'failed' && { error_message: 'no account' }),
      ...(state === 'materialised' && { post_id: postId }),
    });

  it.each(states.flatMap((from) => states.filter((to) => to !== from).map((to) => ({ from, to }))))(
    '$from → $to',
    async ({ from, to }) => {
      const id = await add(from);
      const post = to === 'materialised' ? `'${postId}'` : 'null';
      const done = outcomeOf(
        open.sql(`update schedule_occurrences set state = $2, post_id = ${post}, error_message = 'x' where id = $1`, [
          id,
          to,
        ]),
      );
      expect(await done).toBe(allowed[from]?.includes(to) ? 'done' : 'PH006');
    },
  );

  it('is planned once for each time, by however many', async () => {
    const plan = () =>
      actors.worker(
        `insert into schedule_occurrences (project_id, schedule_id, occurs_at) values ($1::uuid, $2::uuid, '2030-02-01T10:00:00Z')
         on conflict on constraint schedule_occurrences_once do nothing returning id`,
        [tenant.projectId, scheduleId],
      );
    expect((await plan()).length + (await plan()).length).toBe(1);
  });

  it('becomes a post or nothing: without one it is not materialised', async () => {
    const id = await add('planned');
    const made = actors.as(owner)(
      "update schedule_occurrences set state = 'materialised' where id = $1::uuid returning 1 as one",
      [id],
    );
    expect(await outcomeOf(made)).toBe('PH006');
  });

  it('that was skipped comes back only while it lies ahead, and none moves', async () => {
    const past = await add('skipped', '2020-01-01T10:00:00Z');
    expect(await outcomeOf(open.sql("update schedule_occurrences set state = 'planned' where id = $1", [past]))).toBe(
      'PH006',
    );
    expect(
      await outcomeOf(open.sql("update schedule_occurrences set occurs_at = '2031-01-01' where id = $1", [past])),
    ).toBe('PH006');
  });

  it('stays what it was when its post is purged', async () => {
    const id = await add('materialised');
    await open.sql('delete from posts where id = $1', [postId]);
    expect(await open.sql('select state, post_id from schedule_occurrences where id = $1', [id])).toEqual([
      { state: 'materialised', post_id: null },
    ]);
  });
});

describe('the variations of a post', () => {
  it('have one winner, unless that is deleted', async () => {
    const postId = await addPost(open.sql, tenant.projectId);
    const add = (label: string) =>
      addRow(open.sql, 'post_variations', {
        project_id: tenant.projectId,
        post_id: postId,
        variation_type: 'content',
        text: label,
      });
    const [first, second] = [await add('A'), await add('B')];
    const win = (id: string) =>
      outcomeOf(
        actors.as(owner)(
          'update post_variations set is_winner = true, decided_at = app.now() where id = $1::uuid returning 1 as one',
          [id],
        ),
      );
    expect(await win(first)).toBe('done');
    expect(await win(second)).toBe('23505');
    await actors.as(owner)('update post_variations set deleted_at = app.now() where id = $1::uuid returning 1 as one', [
      first,
    ]);
    expect(await win(second)).toBe('done');
  });

  it('are measured without becoming another version', async () => {
    const postId = await addPost(open.sql, tenant.projectId);
    const row = { project_id: tenant.projectId, post_id: postId, variation_type: 'timing', due_at: new Date() };
    const id = await addRow(open.sql, 'post_variations', row);
    await actors.worker(
      'update post_variations set performance_metrics = \'{"likes": 3}\' where id = $1::uuid returning 1 as one',
      [id],
    );
    expect(await open.sql('select version, performance_metrics from post_variations where id = $1', [id])).toEqual([
      { version: 1, performance_metrics: { likes: 3 } },
    ]);
  });
});
