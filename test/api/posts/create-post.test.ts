import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Post, Validation } from '../../../shared/posts/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost, page } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

const anyId = '018f0000-0000-7000-8000-000000000001';
let world: World;
let owner: Person;
let viewer: Person;
let stranger: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  [owner, viewer, stranger] = await Promise.all([
    registerUser(world, 'Olivia Owner'),
    registerUser(world, 'Victor Viewer'),
    registerUser(world, 'Sam Stranger'),
  ]);
  projectId = (await createProject(world, owner)).id;
  await addMember(world, projectId, viewer, 'viewer');
  accountId = (await connectCommunity(world, owner, projectId)).id;
});
afterAll(() => world.close());

const body = (change: Record<string, unknown> = {}) => ({
  projectId,
  text: 'Hello',
  schedule: { type: 'at', at: ahead(3600) },
  publications: [{ accountId }],
  ...change,
});
const send = (json: unknown, person = owner, idempotencyKey?: string) =>
  world.call('POST', '/v1/posts', {
    token: person.token,
    json,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const validate = (json: unknown, person = owner) =>
  world.call('POST', '/v1/posts/validate', { token: person.token, json });
const count = async () => Number((await world.sql('select count(*)::integer as n from posts'))[0]?.n);

describe('a post', () => {
  test('is scheduled for its second, with one publication per account', async () => {
    const at = ahead(3600);
    const post = await createPost(
      world,
      owner,
      body({ schedule: { type: 'at', at }, externalId: 'ext-1', metadata: { campaign: 'spring' } }),
    );
    expect(post).toMatchObject({
      status: 'scheduled',
      externalId: 'ext-1',
      metadata: { campaign: 'spring' },
      scheduleType: 'at',
    });
    expect(Date.parse(post.dueAt ?? '')).toBe(Date.parse(at));
    expect(post.publications).toMatchObject([
      { accountId, platform: 'community', state: 'scheduled', url: null, failure: null },
    ]);
    const read = await world.call('GET', `/v1/posts/${post.id}`, { token: owner.token });
    expect(read.json(Post)).toEqual(post);
  });

  test('keeps the wall time and zone that were chosen, and resolves them', async () => {
    const year = new Date().getUTCFullYear() + 1;
    const post = await createPost(
      world,
      owner,
      body({ schedule: { type: 'at', at: `${year}-07-01T18:00:00`, timeZone: 'Europe/Berlin' } }),
    );
    expect(post).toMatchObject({
      wallTime: `${year}-07-01T18:00:00`,
      timeZone: 'Europe/Berlin',
      dueAt: `${year}-07-01T16:00:00Z`,
    });
  });

  test.each([
    ['CET', '2035-07-01T16:00:00Z'],
    ['EST5EDT', '2035-07-01T22:00:00Z'],
    ['GMT0', '2035-07-01T18:00:00Z'],
  ])('in the zone %s is due when a clock there shows it, in summer too', async (timeZone, dueAt) => {
    const post = await createPost(
      world,
      owner,
      body({ schedule: { type: 'at', at: '2035-07-01T18:00:00', timeZone } }),
    );
    expect(post).toMatchObject({ timeZone, dueAt });
  });

  test('that is a draft is due never', async () => {
    const post = await createPost(world, owner, body({ schedule: { type: 'draft' } }));
    expect(post).toMatchObject({ status: 'draft', dueAt: null, publications: [{ state: 'draft' }] });
  });

  test('due within three minutes is claimed and sent by the door itself', async () => {
    const post = await createPost(world, owner, body({ schedule: { type: 'at', at: ahead(60) } }));
    expect(post.status, 'the answer is the written post').toBe('scheduled');
    const read = await world.call('GET', `/v1/posts/${post.id}`, { token: owner.token });
    expect(read.json(Post).status).toBe('queued');
  });

  test('is refused whole when anything is wrong, and every wrong field is named', async () => {
    const before = await count();
    const answer = await send(
      body({
        text: 'x'.repeat(5001),
        schedule: { type: 'at', at: new Date(Date.now() - 60_000).toISOString() },
        media: [{ mediaId: projectId }],
        publications: [{ accountId }, { accountId: projectId }],
      }),
    );
    expect([answer.status, answer.code]).toEqual([422, 'invalid_request']);
    expect(answer.pointers.toSorted()).toEqual([
      '/body/media/0/mediaId',
      '/body/publications/0/text',
      '/body/publications/1/accountId',
      '/body/schedule/at',
    ]);
    expect(await count()).toBe(before);
  });

  test.each([
    ['no publication', { publications: [] }, '/body/publications'],
    [
      'an account twice',
      {
        publications: [
          { accountId: '018f0000-0000-7000-8000-000000000001' },
          { accountId: '018f0000-0000-7000-8000-000000000001' },
        ],
      },
      '/body/publications',
    ],
    ['a medium twice', { media: [{ mediaId: anyId }, { mediaId: anyId.toUpperCase() }] }, '/body/media/1/mediaId'],
    [
      'a medium twice for one account',
      { publications: [{ accountId: anyId, media: [{ mediaId: anyId }, { mediaId: anyId }] }] },
      '/body/publications/0/media/1/mediaId',
    ],
    ['an unknown field', { surprise: true }, '/body/surprise'],
    [
      'an instant with a zone beside it',
      { schedule: { type: 'at', at: '2998-01-01T10:00:00Z', timeZone: 'Europe/Berlin' } },
      '/body/schedule/timeZone',
    ],
    [
      'a zone that is none',
      { schedule: { type: 'at', at: '2030-01-01T10:00:00', timeZone: 'Mars/Base' } },
      '/body/schedule/timeZone',
    ],
    [
      'an abbreviation for a zone',
      { schedule: { type: 'at', at: '2030-01-01T10:00:00', timeZone: 'IST' } },
      '/body/schedule/timeZone',
    ],
    ['a kind of schedule nobody knows', { schedule: { type: 'someday' } }, '/body/schedule/type'],
    ['a text with NUL', { text: 'a\0b' }, '/body/text'],
    ['half a surrogate pair', { text: '\ud83d' }, '/body/text'],
    ['a number for a text', { text: 7 }, '/body/text'],
    ['an empty post', { text: '  ' }, '/body/publications/0/text'],
  ])('with %s is refused at its field', async (_, change, pointer) => {
    const answer = await send(body(change));
    expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'invalid_request', [pointer]]);
  });

  test('whose schedule is at no time says what it takes', async () => {
    const answer = await send(body({ schedule: { type: 'at', at: 'tomorrow' } }));
    expect(answer.text).toContain('must be an instant with offset (2026-12-24T18:00:00Z), a wall time');
  });

  test('of a foreign project is answered like one of no project', async () => {
    expect((await send(body(), stranger)).code).toBe('not_found');
    expect((await send(body({ projectId: '018f0000-0000-7000-8000-000000000001' }))).code).toBe('not_found');
    expect((await send(body(), viewer)).code).toBe('forbidden');
  });

  test('takes no externalId twice', async () => {
    await createPost(world, owner, body({ externalId: 'twice' }));
    const answer = await send(body({ externalId: 'twice' }));
    expect([answer.status, answer.code]).toEqual([409, 'external_id_taken']);
  });
});

describe('Idempotency-Key', () => {
  test('gives the first answer again, also when the schedule has passed meanwhile', async () => {
    const request = body({ schedule: { type: 'at', at: ahead(30) } });
    const first = await send(request, owner, 'again');
    await world.moveClock(120_000);
    const second = await send(request, owner, 'again');
    await world.moveClock(0);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.json(Post)).toEqual(first.json(Post));
  });

  test('used fifty times at once has one effect and one answer', async () => {
    const before = await count();
    const request = body({ text: 'Fifty' });
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(request, owner, 'fifty')));
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([201]);
    expect(new Set(answers.map((answer) => answer.json(Post).id)).size).toBe(1);
    expect(await count()).toBe(before + 1);
  });

  test('with another body is refused, and another person may use the same key', async () => {
    await send(body(), owner, 'mine');
    const other = await send(body({ text: 'Something else' }), owner, 'mine');
    expect([other.status, other.code]).toEqual([409, 'idempotency_mismatch']);
    expect((await send(body(), stranger, 'mine')).code).toBe('not_found');
  });
});

describe('validate', () => {
  test('goes by the limits that the table of platforms has for here', async () => {
    const set = (limits: unknown) =>
      world.sql(`update platforms set limits = $1 where name = 'community'`, [JSON.stringify(limits)]);
    await set({ text: { max: 4 } });
    const refused = await send(body());
    await set({});
    expect([refused.status, refused.pointers]).toEqual([422, ['/body/publications/0/text']]);
    expect((await send(body())).status).toBe(201);
  });

  test('does not take a file of another system, nor what is neither image nor video', async () => {
    const add = async (kind: string) => {
      const [row] = await world.sql(
        `insert into media (project_id, file_name, declared_mime_type, declared_bytes, source_url, status, kind)
         values ($1, 'a', 'x/y', 1, 'https://cdn.example/a', 'ready', $2) returning id`,
        [projectId, kind],
      );
      return String(row?.id);
    };
    for (const kind of ['image', 'audio', 'gif']) {
      const refused = await send(body({ media: [{ mediaId: await add(kind) }] }));
      expect([refused.status, refused.pointers]).toEqual([422, ['/body/media/0/mediaId']]);
    }
  });

  test('says what each account takes and creates nothing', async () => {
    const before = await count();
    const good = (await validate(body())).json(Validation);
    expect(good).toMatchObject({ valid: true, errors: [], publications: [{ accountId, valid: true, violations: [] }] });
    const bad = (await validate(body({ text: 'x'.repeat(5001) }))).json(Validation);
    expect(bad).toMatchObject({
      valid: false,
      publications: [
        { valid: false, violations: [{ pointer: '/text', code: 'text_too_long', limit: 5000, actual: 5001 }] },
      ],
    });
    expect(await count()).toBe(before);
    expect((await validate(body(), stranger)).code).toBe('not_found');
    expect((await validate(body(), viewer)).code).toBe('forbidden');
  });
});

describe('list and cancel', () => {
  test('pages through all posts, newest first, stable while new ones come', async () => {
    const mine = (await createProject(world, owner, 'Pages')).id;
    const account = await connectCommunity(world, owner, mine);
    const made: string[] = [];
    const add = async () => {
      const post = await createPost(world, owner, {
        projectId: mine,
        text: 'page',
        schedule: { type: 'draft' },
        publications: [{ accountId: account.id }],
      });
      made.unshift(post.id);
    };
    for (let index = 0; index < 5; index += 1) await add();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = `projectId=${mine}&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`;
      const answer: { data: { id: string }[]; nextCursor: string | null } = (
        await world.call('GET', `/v1/posts?${query}`, { token: owner.token })
      ).json(page(Post));
      seen.push(...answer.data.map(({ id }) => id));
      cursor = answer.nextCursor;
      if (seen.length === 2) await add();
    } while (cursor !== null);
    expect(seen).toEqual(made.slice(1));
  });

  test('filters by status, account, external id and time of change', async () => {
    const ids = async (query: string, person = owner) =>
      (await world.call('GET', `/v1/posts?${query}`, { token: person.token }))
        .json(page(Post))
        .data.map(({ externalId }) => externalId);
    await createPost(world, owner, body({ schedule: { type: 'draft' }, externalId: 'filtered' }));
    expect(await ids('externalId=filtered')).toEqual(['filtered']);
    expect(await ids('externalId=filtered&status=draft')).toEqual(['filtered']);
    expect(await ids('externalId=filtered&status=published')).toEqual([]);
    expect(await ids(`externalId=filtered&accountId=${accountId}`)).toEqual(['filtered']);
    expect(await ids(`externalId=filtered&accountId=${projectId}`)).toEqual([]);
    expect(await ids(`externalId=filtered&updatedSince=${encodeURIComponent(ahead(60))}`)).toEqual([]);
    expect(await ids('externalId=filtered', viewer)).toEqual(['filtered']);
    expect(await ids('externalId=filtered', stranger)).toEqual([]);
    const wrong = await world.call('GET', '/v1/posts?cursor=nonsense&limit=1', { token: owner.token });
    expect([wrong.status, wrong.code]).toEqual([422, 'invalid_cursor']);
    expect((await world.call('GET', '/v1/posts?limit=101', { token: owner.token })).pointers).toEqual(['/query/limit']);
  });

  test('cancel ends what has not begun, once', async () => {
    const post = await createPost(world, owner, body());
    const cancel = (person: Person) => world.call('POST', `/v1/posts/${post.id}/cancel`, { token: person.token });
    expect((await cancel(stranger)).code).toBe('not_found');
    expect((await cancel(viewer)).code).toBe('forbidden');
    const answer = await cancel(owner);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: post.id, cancelled: 1 }]);
    expect((await world.call('GET', `/v1/posts/${post.id}`, { token: owner.token })).json(Post).status).toBe(
      'cancelled',
    );
    expect((await cancel(owner)).code).toBe('wrong_state');
  });
});
