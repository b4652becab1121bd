/** Versions of content and of templates, states of AI tasks, sums of numbers, niches: what the tables themselves hold. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refreshNiches } from '../../shared/content/niche-queries.ts';
import { keepHashtags } from '../../shared/hashtags/keep-hashtags.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import {
  addMedia,
  addMember,
  addPerson,
  addPublication,
  addRow,
  addTenant,
  type Someone,
  type Tenant,
} from './seed.ts';

let open: OpenDatabase;
let ada: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
  ada = await addPerson(open.sql, 'ada');
  tenant = await addTenant(open.sql, ada.userId);
});
afterAll(() => open.close());

/** As a person, through app.run. */
async function as(person: Someone, text: string, values: readonly string[] = []): Promise<Row[]> {
  const client = await open.login('api');
  const call = JSON.stringify({ kind: 'actor', userId: person.userId, sessionId: person.sessionId });
  const { rows } = await client.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    call,
    text,
    values,
  ]);
  const lines = rows
    .map(({ part }) => part)
    .join('')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line): Row => JSON.parse(line));
}

const write = (title: string, more: Row = {}) =>
  addRow(open.sql, 'content', { project_id: tenant.projectId, title, ...more });

describe('versions of content', () => {
  const versions = (id: string) =>
    open.sql('select number, title, body from content_versions where content_id = $1 order by number', [id]);

  it('are kept at every edit of what is said, and of nothing else', async () => {
    const id = await write('First');
    await open.sql("update content set title = 'Second', body = 'x' where id = $1", [id]);
    await open.sql("update content set status = 'active' where id = $1", [id]);
    await open.sql('update content set title = title where id = $1', [id]);
    expect(await versions(id)).toEqual([
      { number: 1, title: 'First', body: '' },
      { number: 2, title: 'Second', body: 'x' },
    ]);
  });

  it('have no gaps and no doubles when many edit at once', async () => {
    const id = await write('Busy');
    await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const client = await open.database.connect();
        await client.query('update content set title = $2 where id = $1', [id, `Edit ${index}`]);
        await client.end();
      }),
    );
    expect((await versions(id)).map(({ number }) => number)).toEqual(
      Array.from({ length: 13 }, (_, index) => index + 1),
    );
    const [now] = await open.sql('select title, version from content where id = $1', [id]);
    expect(now).toEqual({ title: (await versions(id)).at(-1)?.title, version: 13 });
  });

  it('are never changed, and stay without a name when their author goes', async () => {
    const author = await addPerson(open.sql, 'author');
    await addMember(open.sql, tenant.projectId, author.userId, 'editor');
    const id = await write('Mine');
    await as(author, "update content set body = 'by me' where id = $1::uuid returning id", [id]);
    const who = 'select created_by from content_versions where content_id = $1 and number = 2';
    expect(await open.sql(who, [id])).toEqual([{ created_by: author.userId }]);
    await expect(
      open.sql("update content_versions set body = 'forged' where content_id = $1", [id]),
    ).rejects.toMatchObject({ code: 'PH008' });
    await open.sql('delete from users where id = $1', [author.userId]);
    expect(await open.sql(who, [id])).toEqual([{ created_by: null }]);
  });

  it('can be restored, as a new one, by whoever may write', async () => {
    const viewer = await addPerson(open.sql, 'viewer');
    const stranger = await addPerson(open.sql, 'stranger');
    await addMember(open.sql, tenant.projectId, viewer.userId, 'viewer');
    const id = await write('Good', { body: 'as it was', tags: ['a'] });
    await open.sql("update content set title = 'Bad', body = 'spoilt', tags = '{}' where id = $1", [id]);
    const restore = 'select outcome from app.restore_content($1::uuid, $2::integer)';
    expect(await as(viewer, restore, [id, '1'])).toEqual([{ outcome: 'forbidden' }]);
    expect(await as(stranger, restore, [id, '1'])).toEqual([{ outcome: 'not_found' }]);
    expect(await as(ada, restore, [id, '9'])).toEqual([{ outcome: 'not_found' }]);
    expect(await as(ada, restore, [id, '1'])).toEqual([{ outcome: 'ok' }]);
    expect(await open.sql('select title, body, tags from content where id = $1', [id])).toEqual([
      { title: 'Good', body: 'as it was', tags: ['a'] },
    ]);
    expect((await versions(id)).map(({ title }) => title)).toEqual(['Good', 'Bad', 'Good']);
  });
});

describe('templates', () => {
  async function make(name: string): Promise<string> {
    const [row] = await open.sql(
      `with t as (insert into content_templates (project_id, name, type) values ($1, $2, 'post') returning id, project_id)
       insert into content_template_versions (project_id, template_id, body) select project_id, id, 'one' from t returning template_id as id`,
      [tenant.projectId, name],
    );
    return String(row?.id);
  }
  const add = (id: string, more: Row = {}) =>
    addRow(open.sql, 'content_template_versions', {
      project_id: tenant.projectId,
      template_id: id,
      body: 'next',
      ...more,
    });
  const current = async (id: string) =>
    (
      await open.sql(
        'select number, is_current from content_template_versions where template_id = $1 order by number',
        [id],
      )
    ).map(({ number, is_current }) => `${number}${is_current === true ? ' current' : ''}`);

  it('have the newest version as the current one, or the one that was chosen', async () => {
    const id = await make('Chosen');
    await add(id);
    expect(await current(id)).toEqual(['1', '2 current']);
    await open.sql('update content_template_versions set is_current = true where template_id = $1 and number = 1', [
      id,
    ]);
    expect(await current(id)).toEqual(['1 current', '2']);
  });

  it('take new versions one at a time', async () => {
    const id = await make('Raced');
    const [first, second] = [await open.database.connect(), await open.database.connect()];
    const text = "insert into content_template_versions (project_id, template_id, body) values ($1, $2, 'x')";
    try {
      await first.query('begin');
      await first.query(text, [tenant.projectId, id]);
      const waiting = second.query(text, [tenant.projectId, id]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await first.query('commit');
      await waiting;
    } finally {
      await Promise.all([first.end(), second.end()]);
    }
    expect(await current(id)).toEqual(['1', '2', '3 current']);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    [
      'without a version',
      () => addRow(open.sql, 'content_templates', { project_id: tenant.projectId, name: 'Bare', type: 'post' }),
    ],
    ['with a gap in its numbers', (id) => add(id, { number: 7 })],
    [
      'with a changed version',
      (id) => open.sql("update content_template_versions set body = 'x' where template_id = $1", [id]),
    ],
    [
      'without a current version',
      (id) => open.sql('update content_template_versions set is_current = false where template_id = $1', [id]),
    ],
    [
      'that lost its current version',
      (id) => open.sql('delete from content_template_versions where template_id = $1', [id]),
    ],
  ])('do not exist %s', async (name, attempt) => {
    const id = await make(name);
    await expect(attempt(id)).rejects.toMatchObject({ code: 'PH011' });
    expect(await current(id)).toEqual(['1 current']);
  });

  it('go as a whole', async () => {
    const id = await make('Gone');
    await open.sql('delete from content_templates where id = $1', [id]);
    expect(await current(id)).toEqual([]);
  });

  it('may have the name of a deleted one', async () => {
    const id = await make('Again');
    await expect(make('Again')).rejects.toMatchObject({ constraint: 'content_templates_name_key' });
    await open.sql('update content_templates set deleted_at = app.now() where id = $1', [id]);
    await make('Again');
  });

  it('begin from a starter, with its wordings per platform', async () => {
    const use = 'select outcome, template_id from app.use_starter_template($1::uuid, $2)';
    const [made] = await as(ada, use, [tenant.projectId, 'announcement']);
    expect(made?.outcome).toBe('ok');
    const rows = await open.sql(
      `select v.number, v.variables, p.platform from content_template_versions v
       join template_platform_variations p on p.version_id = v.id where v.template_id = $1 order by p.platform`,
      [made?.template_id],
    );
    expect(rows).toEqual(
      ['bluesky', 'mastodon'].map((platform) => ({ number: 1, variables: ['headline', 'details', 'link'], platform })),
    );
    const stranger = await addPerson(open.sql, 'stranger');
    expect(await as(stranger, use, [tenant.projectId, 'tip'])).toEqual([{ outcome: 'not_found', template_id: null }]);
  });

  it('of the starter list name every variable that they use', async () => {
    const rows = await open.sql('select slug, variables, body from starter_templates order by position');
    expect(rows.length).toBeGreaterThan(5);
    for (const { slug, variables, body } of rows) {
      const used = new Set([...String(body).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name));
      expect([slug, variables]).toEqual([slug, [...used]]);
    }
  });
});

describe('an AI task', () => {
  const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
  const ways: Readonly<Record<string, readonly string[]>> = {
    queued: ['running', 'cancelled'],
    running: ['queued', 'succeeded', 'failed', 'cancelled'],
    failed: ['queued'],
  };
  const columns: Readonly<Record<string, string>> = {
    running: ", lease_token = uuidv7(), lease_until = app.now() + interval '1 minute'",
    succeeded: ", output = '{}', model = 'm'",
    failed: ", failure_code = 'timeout', failure_message = 'too slow'",
  };
  const to = (id: string, state: string) =>
    open.sql(`update ai_generation_tasks set state = $2${columns[state] ?? ''} where id = $1 returning *`, [id, state]);
  async function inState(state: string): Promise<string> {
    const id = await addRow(open.sql, 'ai_generation_tasks', { project_id: tenant.projectId, kind: 'ideas' });
    if (state !== 'queued' && state !== 'cancelled') await to(id, 'running');
    if (state !== 'queued' && state !== 'running') await to(id, state);
    return id;
  }

  it.each(states.flatMap((from) => states.filter((state) => state !== from).map((state) => [from, state] as const)))(
    'from %s to %s',
    async (from, state) => {
      const id = await inState(from);
      if (ways[from]?.includes(state) === true) expect(await to(id, state)).toMatchObject([{ state }]);
      else await expect(to(id, state)).rejects.toMatchObject({ code: 'PH005' });
    },
  );

  it('counts its attempts, and keeps no lease that is over', async () => {
    const id = await inState('failed');
    await to(id, 'queued');
    const [second] = await to(id, 'running');
    expect(second).toMatchObject({ attempts: 2, finished_at: null, failure_code: null, next_attempt_at: null });
    const [done] = await to(id, 'succeeded');
    expect(done).toMatchObject({ lease_token: null, lease_until: null, finished_at: expect.any(Date) });
  });

  it('begins queued', async () => {
    const begun = addRow(open.sql, 'ai_generation_tasks', {
      project_id: tenant.projectId,
      kind: 'ideas',
      state: 'cancelled',
    });
    await expect(begun).rejects.toMatchObject({ code: 'PH005' });
  });
});

describe('numbers of content', () => {
  it('are the sums over its posts and its video’s clips, each counted once', async () => {
    const videoId = await addMedia(open.sql, tenant.projectId);
    const contentId = await write('Measured', { video_media_id: videoId });
    const other = await write('Other');
    const clip = { project_id: tenant.projectId, video_id: videoId, start_ms: 0, end_ms: 1 };
    const clipId = await addRow(open.sql, 'clips', clip);
    const kinds = [
      { content_id: contentId },
      { clip_id: clipId },
      { content_id: contentId, clip_id: clipId },
      { content_id: other, clip_id: clipId },
      { content_id: other },
      { content_id: contentId, deleted: true },
      {},
    ];
    const wanted = { publications: 0, likes: 0, views: 0 };
    for (const [index, { deleted, ...links }] of kinds.entries()) {
      const columns = { likes: 10 ** index, views: index, comments: null };
      const id = await addPublication(open.sql, tenant, { state: 'published', columns });
      const sets = Object.keys(links).map((name, place) => `${name} = $${place + 2}`);
      const where = 'where id = (select post_id from post_publications where id = $1)';
      if (sets.length > 0)
        await open.sql(`update posts set ${sets.join(', ')} ${where}`, [id, ...Object.values(links)]);
      if (deleted === true) await open.sql(`update posts set deleted_at = app.now() ${where}`, [id]);
      const counts = ('clip_id' in links || links.content_id === contentId) && deleted !== true;
      if (!counts) continue;
      wanted.publications += 1;
      wanted.likes += columns.likes;
      wanted.views += columns.views;
    }
    expect(wanted.publications).toBe(4);
    const read = `select publications::integer, likes::integer, views::integer from content_metrics where content_id = $1`;
    expect(await open.sql(read, [contentId])).toEqual([wanted]);
    const stranger = await addPerson(open.sql, 'stranger');
    expect(await as(stranger, read.replace('$1', '$1::uuid'), [contentId])).toEqual([]);
    expect(await as(ada, read.replace('$1', '$1::uuid'), [contentId])).toEqual([wanted]);
  });
});

describe('niches', () => {
  const niche = async (slug: string) => {
    const [row] = await open.sql('select source, uses::integer, score::float from niches where slug = $1', [slug]);
    return row;
  };
  beforeEach(async () => {
    await open.sql('delete from content');
  });

  it('are scored by what their hashtags were used lately, the same way every time', async () => {
    for (const title of ['#gardening', '#plants', '#garden #plants', '#hiking']) await write(title);
    await open.sql(
      "insert into content (id, project_id, title) values (uuidv7(interval '-100 days'), $1, '#hiking #outdoors')",
      [tenant.projectId],
    );
    await keepHashtags(open.worker);
    await open.worker.one(refreshNiches, {});
    expect(await niche('gardening')).toEqual({ source: 'starter', uses: 4, score: 100 });
    expect(await niche('outdoors')).toEqual({ source: 'starter', uses: 1, score: 25 });
    expect(await niche('music')).toEqual({ source: 'starter', uses: 0, score: 0 });
    const before = await open.sql('select slug, uses, score from niches order by slug');
    expect(await open.worker.one(refreshNiches, {})).toMatchObject({ derived: 0, dropped: 0 });
    expect(await open.sql('select slug, uses, score from niches order by slug')).toEqual(before);
  });

  it('are derived from tags of three projects, and go with them; two projects keep a secret', async () => {
    const tenants = await Promise.all([1, 2, 3].map(() => addTenant(open.sql, ada.userId)));
    for (const [index, { projectId }] of tenants.entries()) {
      await addRow(open.sql, 'content', {
        project_id: projectId,
        title: index < 2 ? '#beekeeping #hush' : '#beekeeping',
      });
    }
    await keepHashtags(open.worker);
    expect(await open.worker.one(refreshNiches, {})).toMatchObject({ derived: 1, dropped: 0 });
    expect(await niche('beekeeping')).toEqual({ source: 'derived', uses: 3, score: 100 });
    expect(await niche('hush')).toBeUndefined();
    await open.sql('update content set deleted_at = app.now()');
    await keepHashtags(open.worker);
    expect(await open.worker.one(refreshNiches, {})).toMatchObject({ dropped: 1 });
    expect(await niche('beekeeping')).toBeUndefined();
  });
});
