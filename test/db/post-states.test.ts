/** What a post may still do, given its publications. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json } from '../../shared/db/parameters.ts';
import { leasePreparations, storePrepared } from '../../shared/publications/work-queries.ts';
import { type Actors, openActors, outcomeOf } from './acting.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import {
  addMedia,
  addPerson,
  addPost,
  addPostWith,
  addRow,
  addTenant,
  type Publication,
  type Someone,
  type Tenant,
} from './seed.ts';

let open: OpenDatabase;
let actors: Actors;
let owner: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
  actors = await openActors(open);
  owner = await addPerson(open.sql, 'owner');
  tenant = await addTenant(open.sql, owner.userId);
});
afterAll(() => open.close());

const me = (text: string, values: readonly unknown[] = []) => actors.as(owner)(text, values);
const set = (postId: string, change: string) =>
  outcomeOf(me(`update posts set ${change} where id = $1::uuid returning 1 as one`, [postId]));

const postWith = (...wanted: readonly (string | Publication)[]) => addPostWith(open.sql, tenant.projectId, wanted);

const get = async (table: string, id: string): Promise<Row> => {
  const [row] = await open.sql(`select * from ${table} where id = $1`, [id]);
  if (row === undefined) throw new Error('there is no such row');
  return row;
};

const waiting = ['draft', 'pending_approval', 'scheduled', 'queued'];
const onTheWay = ['publishing', 'processing', 'unknown'];
const ended = ['failed', 'cancelled'];

describe('the text of a post', () => {
  it.each([...waiting, ...ended])('can be edited while a publication is %s', async (state) => {
    const { postId } = await postWith(state);
    expect(await set(postId, "text = 'Better'")).toBe('done');
    expect((await get('posts', postId)).text).toBe('Better');
  });

  it.each([...onTheWay, 'published'])('stays as it is once one that speaks it is %s', async (state) => {
    const { postId } = await postWith('failed', state);
    expect(await set(postId, "text = 'Other'")).toBe('PH002');
    expect(await set(postId, "title = 'Other'")).toBe('PH002');
    expect((await get('posts', postId)).text).toBe('Hello');
  });

  it('can still be edited when what is published said something of its own', async () => {
    const { postId } = await postWith('scheduled', { state: 'published', columns: { text: 'My own words' } });
    expect(await set(postId, "text = 'Better'")).toBe('done');
  });

  it('of one account is its publication’s, until that is on its way', async () => {
    for (const state of [...waiting, ...onTheWay, 'published', ...ended]) {
      const { ids } = await postWith(state);
      const done = await outcomeOf(
        me(
          "update post_publications set text = 'Mine', options = '{\"a\": 1}' where id = $1::uuid returning 1 as one",
          [ids[0]],
        ),
      );
      expect(done, state).toBe([...onTheWay, 'published'].includes(state) ? 'PH001' : 'done');
    }
  });

  it('is not edited between a worker’s look at it and its publication', async () => {
    const { postId, ids } = await postWith('queued');
    const worker = await open.database.connect();
    await worker.query('begin');
    await worker.query("update post_publications set state = 'publishing', lease_until = app.now() where id = $1", [
      ids[0],
    ]);
    const edited = set(postId, "text = 'Too late'");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await worker.query('commit');
    await worker.end();
    expect(await edited).toBe('PH002');
  });
});

describe('the media of a post', () => {
  const attach = (postId: string, mediaId: string, publicationId: string | null = null) =>
    outcomeOf(
      me(
        'insert into post_media (project_id, post_id, publication_id, media_id, position) values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, 0) returning 1 as one',
        [tenant.projectId, postId, publicationId, mediaId],
      ),
    );

  it('stay once one that shows them is on its way, and a publication’s own until it is', async () => {
    const mediaId = await addMedia(open.sql, tenant.projectId);
    const { postId } = await postWith('scheduled', 'failed');
    expect(await attach(postId, mediaId)).toBe('done');
    for (const state of [...onTheWay, 'published']) {
      const out = await postWith(state, 'scheduled');
      expect(await attach(out.postId, mediaId), state).toBe('PH002');
      expect(await attach(out.postId, mediaId, out.ids[0]), state).toBe('PH002');
      expect(await attach(out.postId, mediaId, out.ids[1]), state).toBe('done');
    }
  });

  it('of the post may change when what is published showed its own', async () => {
    const mediaId = await addMedia(open.sql, tenant.projectId);
    const { postId, ids } = await postWith('published', 'scheduled');
    await addRow(open.sql, 'post_media', {
      project_id: tenant.projectId,
      post_id: postId,
      publication_id: ids[0],
      media_id: mediaId,
      position: 0,
    });
    expect(await attach(postId, mediaId)).toBe('done');
  });
});

describe('the schedule of a post', () => {
  it.each(['draft', 'scheduled', 'queued', 'failed'])('can change while a publication is %s', async (state) => {
    const { postId } = await postWith(state);
    expect(await set(postId, "schedule_type = 'at', due_at = '2032-01-01T00:00:00Z'")).toBe('done');
  });

  it.each([...onTheWay, 'published'])('stays once one is %s', async (state) => {
    const { postId } = await postWith('scheduled', state);
    expect(await set(postId, "due_at = '2032-01-01T00:00:00Z'")).toBe('PH002');
  });

  it('is no draft’s while a publication is scheduled; both together can go back', async () => {
    const { postId } = await postWith('scheduled');
    expect(await set(postId, "schedule_type = 'draft', due_at = null")).toBe('PH002');
    const both = `with post as (update posts set schedule_type = 'draft', due_at = null where id = $1::uuid returning id),
      publication as (update post_publications set state = 'draft', due_at = null where post_id = $1::uuid returning id)
      select id from publication`;
    expect(await outcomeOf(me(both, [postId]))).toBe('done');
  });
});

describe('deleting a post', () => {
  it.each(['pending_approval', 'scheduled', 'queued', ...onTheWay])(
    'is refused while a publication is %s',
    async (state) => {
      const { postId } = await postWith('published', state);
      expect(await set(postId, 'deleted_at = app.now()')).toBe('PH002');
    },
  );

  it('calls off its drafts and failures; it can come back, but not change meanwhile, and gets no new publications', async () => {
    const { postId, ids } = await postWith('draft', 'failed', 'published', 'cancelled');
    expect(await set(postId, 'deleted_at = app.now()')).toBe('done');
    const states = await open.sql('select state from post_publications where id = any ($1) order by id', [ids]);
    expect(states.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'published', 'cancelled']);
    expect(await set(postId, "text = 'Hm'")).toBe('PH002');
    const more = me(
      "insert into post_publications (project_id, post_id, account_id, platform) values ($1::uuid, $2::uuid, $3::uuid, 'community') returning 1 as one",
      [tenant.projectId, postId, tenant.accountId],
    );
    expect(await outcomeOf(more)).toBe('PH002');
    expect(await set(postId, 'deleted_at = null')).toBe('done');
  });
});

describe('a publication', () => {
  it.each(['draft', 'pending_approval', 'scheduled', 'queued', ...onTheWay, 'published', 'failed', 'cancelled'])(
    'that a door makes begins at the beginning, not %s… unless that is one',
    async (state) => {
      const postId = await addPost(open.sql, tenant.projectId);
      const made = me(
        `insert into post_publications (project_id, post_id, account_id, platform, state, due_at)
         values ($1::uuid, $2::uuid, $3::uuid, 'community', $4, app.now()) returning 1 as one`,
        [tenant.projectId, postId, tenant.accountId, state],
      );
      expect(await outcomeOf(made)).toBe(['draft', 'pending_approval', 'scheduled'].includes(state) ? 'done' : 'PH001');
    },
  );

  it('remembers when it failed and when it was tried again', async () => {
    const { ids } = await postWith({ state: 'queued', columns: { attempts: 0 } });
    const to = (state: string, more = '') =>
      open.sql(`update post_publications set state = '${state}'${more} where id = $1`, [ids[0]]);
    await to('publishing', ', attempts = 1, lease_until = app.now()');
    expect((await get('post_publications', String(ids[0]))).last_retry_at).toBeNull();
    await to('failed', ", failure_class = 'retry-later'");
    expect((await get('post_publications', String(ids[0]))).failed_at).not.toBeNull();
    await to('scheduled');
    await to('queued');
    await to('publishing', ', attempts = 2');
    const again = await get('post_publications', String(ids[0]));
    expect(again).toMatchObject({ retry_count: 1 });
    expect(again.last_retry_at).not.toBeNull();
    expect(again.failed_at).not.toBeNull();
  });
});

describe('what was prepared for a platform', () => {
  async function prepareDuring(meanwhile: (postId: string, id: string) => Promise<unknown>): Promise<Row> {
    const { postId, ids } = await postWith('scheduled');
    const id = String(ids[0]);
    const [job] = await open.worker.many(leasePreparations, { ids: [id], leaseS: 60 });
    await meanwhile(postId, id);
    const done = {
      id,
      revision: job?.revision,
      prepared: { container: 'old' },
      ready: true,
      waitS: 0,
      expiresInS: null,
    };
    await open.worker.many(storePrepared, { results: json([done]) });
    return get('post_publications', id);
  }

  it('is kept, also when the publication was claimed meanwhile', async () => {
    expect(await prepareDuring(() => Promise.resolve())).toMatchObject({ prepared_ready: true });
    const claim = (_: string, id: string) =>
      open.sql("update post_publications set state = 'queued', generation = generation + 1 where id = $1", [id]);
    expect(await prepareDuring(claim)).toMatchObject({ prepared_ready: true, prepared: { container: 'old' } });
  });

  it.each<[string, (postId: string, id: string) => Promise<unknown>]>([
    ['the post’s text', (postId) => set(postId, "text = 'New'")],
    [
      'its own text',
      (_, id) => me("update post_publications set text = 'New' where id = $1::uuid returning 1 as one", [id]),
    ],
    [
      'its options',
      (_, id) => me('update post_publications set options = \'{"a": 2}\' where id = $1::uuid returning 1 as one', [id]),
    ],
    [
      'its media',
      async (postId) =>
        addRow(open.sql, 'post_media', {
          project_id: tenant.projectId,
          post_id: postId,
          media_id: await addMedia(open.sql, tenant.projectId),
          position: 0,
        }),
    ],
  ])('is not what goes out after an edit of %s', async (_name, edit) => {
    expect(await prepareDuring(edit)).toMatchObject({ prepared: null, prepared_ready: false });
  });

  it('and was ready is dropped by an edit', async () => {
    const ready = { prepared: { container: 'old' }, prepared_ready: true };
    const { postId, ids } = await postWith(
      { state: 'scheduled', columns: ready },
      { state: 'scheduled', columns: ready },
    );
    await set(postId, "text = 'New'");
    for (const id of ids)
      expect(await get('post_publications', id)).toMatchObject({ prepared: null, prepared_ready: false });
  });
});
