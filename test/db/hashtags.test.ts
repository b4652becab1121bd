/** Hashtags and mentions: what is one, that links and counts are right whatever happens to the texts, and who may know a tag. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepHashtags } from '../../shared/hashtags/keep-hashtags.ts';
import { listHashtags } from '../../shared/hashtags/queries.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addMember, addPerson, addPost, addPublication, addRow, addTenant, type Someone, type Tenant } from './seed.ts';

let open: OpenDatabase;
let ada: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
  ada = await addPerson(open.sql, 'ada');
  tenant = await addTenant(open.sql, ada.userId);
});
afterAll(() => open.close());

const one = async (text: string, values: readonly unknown[] = []) =>
  Object.values((await open.sql(text, values))[0] ?? {})[0];
const tagsIn = (text: string) => one('select app.hashtags_in($1)', [text]);
const mentionsIn = (text: string) => one('select app.mentions_in($1)', [text]);

describe('a hashtag', () => {
  it.each([
    ['Hello #World, #world', ['world']],
    ['#café #CAFE\u0301 #Café', ['café']],
    ['#日本語 です', ['日本語']],
    ['＃日本語 and ＃Ｗｉｄｅ', ['wide', '日本語']],
    ['#हिन्दी #தமிழ் #नमस्ते', ['नमस्ते', 'हिन्दी', 'தமிழ்']],
    ['#Straße', ['straße']],
    ['#snake_case #kebab-case', ['kebab', 'snake_case']],
    ['(#in) "#quotes" #end. #really!', ['end', 'in', 'quotes', 'really']],
    ['#2027goals', ['2027goals']],
    ['line\n#next', ['next']],
    ['#x²', ['x2']],
  ])('is in %j', async (text, tags) => {
    expect(await tagsIn(text)).toEqual(tags);
  });

  it.each([
    '#1 #2027 #٣',
    '#',
    '# space',
    'a#b',
    '日本語#タグ',
    '##double',
    'https://example.com/#about',
    'see https://example.com/page#part and http://x.example/?a=1&#b',
    'www.example.com/#about',
    '&#39;',
    '#\ufe0f\u20e3',
    '#🚀',
    `#${'a'.repeat(101)}`,
    '',
  ])('is not in %j', async (text) => {
    expect(await tagsIn(text)).toEqual([]);
  });

  it('stands once, and only the first hundred count', async () => {
    const text = Array.from({ length: 150 }, (_, index) => `#t${index} #T${index}`).join(' ');
    const tags = await tagsIn(text);
    expect(tags).toHaveLength(100);
    expect(tags).toEqual(expect.arrayContaining(['t0', 't99']));
  });

  it('is found in no time in the worst of texts', async () => {
    const worst = ['#', '#a', '#a ', 'http://#', '@', 'a@', '#日', 'a.b-', ':', '\u0301#'];
    const began = performance.now();
    for (const part of worst) {
      const text = part.repeat(100_000 / part.length);
      await open.sql('select app.hashtags_in($1), app.mentions_in($1)', [text]);
    }
    expect((performance.now() - began) / worst.length).toBeLessThan(3_000);
  });

  it('keeps its form when it is formed again', async () => {
    const wrong = await open.sql(`
      select c.point from generate_series(1, 200000) c (point)
      where c.point not between 55296 and 57343
        and app.normal_hashtag(app.normal_hashtag(chr(c.point))) is distinct from app.normal_hashtag(chr(c.point))`);
    expect(wrong).toEqual([]);
  });
});

describe('a mention', () => {
  it.each([
    ['@Ada and @bob!', ['ada', 'bob']],
    ['thanks @ada@mastodon.example.', ['ada@mastodon.example']],
    ['by @ada.bsky.social', ['ada.bsky.social']],
    ['mail ada@example.com', []],
    ['https://mastodon.example/@ada', []],
    ['@ @. @-x', []],
  ])('in %j', async (text, handles) => {
    expect(await mentionsIn(text)).toEqual(handles);
  });
});

describe('links', () => {
  const links = async (table: string, column: string, id: string) =>
    (await open.sql(`select tag from ${table} where ${column} = $1 order by tag`, [id])).map(({ tag }) => tag);

  it('of a post follow its text, its deletion and its coming back', async () => {
    const postId = await addPost(open.sql, tenant.projectId);
    const text = (value: string) => open.sql('update posts set text = $2 where id = $1', [postId, value]);
    await text('#One #two @ada');
    expect(await links('post_hashtags', 'post_id', postId)).toEqual(['one', 'two']);
    await text('#two, #three');
    await text('#two, #three');
    expect(await links('post_hashtags', 'post_id', postId)).toEqual(['three', 'two']);
    expect(await open.sql('select handle from post_mentions where post_id = $1', [postId])).toEqual([]);
    await open.sql('update posts set deleted_at = app.now() where id = $1', [postId]);
    expect(await links('post_hashtags', 'post_id', postId)).toEqual([]);
    await open.sql('update posts set deleted_at = null where id = $1', [postId]);
    expect(await links('post_hashtags', 'post_id', postId)).toEqual(['three', 'two']);
  });

  it('of content come from all that it says', async () => {
    const row = { project_id: tenant.projectId, title: '#a', description: '#b', body: '#c', script: '#d' };
    const id = await addRow(open.sql, 'content', row);
    expect(await links('content_hashtags', 'content_id', id)).toEqual(['a', 'b', 'c', 'd']);
    await open.sql("update content set script = null, body = '#e' where id = $1", [id]);
    expect(await links('content_hashtags', 'content_id', id)).toEqual(['a', 'b', 'e']);
  });

  it('of a community post stand while it is public', async () => {
    const publicationId = await addPublication(open.sql, tenant, { state: 'published' });
    const row = { project_id: tenant.projectId, account_id: tenant.accountId, publication_id: publicationId };
    const id = await addRow(open.sql, 'community_posts', { ...row, text: 'A #parade', visibility: 'public' });
    const now = () => links('community_hashtags', 'community_post_id', id);
    const set = (what: string) => open.sql(`update community_posts set ${what} where id = $1`, [id]);
    expect(await now()).toEqual(['parade']);
    await set("visibility = 'unlisted'");
    expect(await now()).toEqual([]);
    await set("visibility = 'public', text = 'A #march'");
    expect(await now()).toEqual(['march']);
    await set('hidden_at = app.now()');
    expect(await now()).toEqual([]);
    await set('hidden_at = null');
    await set('deleted_at = app.now()');
    expect(await now()).toEqual([]);
  });
});

describe('counts', () => {
  const usage = async (tag: string) => Number(await one('select usage_count from hashtag_usage where tag = $1', [tag]));

  it('are exact after sixteen writers, folding meanwhile, and none waits for another', async () => {
    const others = await Promise.all(
      Array.from({ length: 16 }, async (_, index) =>
        addTenant(open.sql, (await addPerson(open.sql, `w${index}`)).userId),
      ),
    );
    let working = true;
    const folding = (async () => {
      while (working) await keepHashtags(open.worker);
    })();
    await Promise.all(
      others.map(async ({ projectId }, writer) => {
        const client = await open.database.connect();
        try {
          for (let round = 0; round < 30; round += 1) {
            // In another order each time: whoever waited for a tag would deadlock here.
            const tags = writer % 2 === 0 ? '#busy #calm #fresh' : '#fresh #calm #busy';
            await client.query('begin');
            const made: string[] = [];
            for (const text of [tags, `${tags} #r${round}`]) {
              const { rows } = await client.query<{ id: string }>(
                "insert into posts (project_id, text, schedule_type) values ($1, $2, 'draft') returning id",
                [projectId, text],
              );
              made.push(rows[0]?.id ?? '');
            }
            await client.query("update posts set text = '#calm' where id = $1", [made[0]]);
            if (round % 3 === 0) await client.query('update posts set deleted_at = app.now() where id = $1', [made[1]]);
            if (round % 3 === 1) await client.query('delete from posts where id = $1', [made[1]]);
            await client.query(round % 10 === 9 ? 'rollback' : 'commit');
          }
        } finally {
          await client.end();
        }
      }),
    );
    working = false;
    await folding;
    // Of 30 rounds 27 are committed; a third of all lose their second post by deletion, a third by purge.
    const second = 16 * [...Array(30).keys()].filter((round) => round % 10 !== 9 && round % 3 === 2).length;
    expect([await usage('busy'), await usage('fresh'), await usage('calm')]).toEqual([
      second,
      second,
      second + 16 * 27,
    ]);
    await keepHashtags(open.worker);
    expect(await one("select usage_count::integer from hashtags where tag = 'calm'")).toBe(second + 16 * 27);
    expect(await one('select count(*)::integer from hashtag_deltas')).toBe(0);
    expect(await open.sql('select * from app.repair_hashtag_counts()')).toEqual([]);
  });

  it('keep nobody waiting: two projects use a tag at the same time', async () => {
    const [first, second] = [await open.database.connect(), await open.database.connect()];
    const { projectId } = await addTenant(open.sql, ada.userId);
    await addRow(open.sql, 'content', { project_id: projectId, title: '#shared' });
    const write = "insert into posts (project_id, text, schedule_type) values ($1, '#shared', 'draft')";
    try {
      await first.query('begin');
      await first.query(write, [tenant.projectId]);
      await second.query("set lock_timeout = '1ms'");
      await second.query(write, [projectId]);
      await second.query('select app.fold_hashtags(10000)');
      await first.query('commit');
    } finally {
      await Promise.all([first.end(), second.end()]);
    }
    expect(await usage('shared')).toBe(3);
  });

  it('that drifted are found, named and repaired, and no others', async () => {
    await addRow(open.sql, 'content', { project_id: tenant.projectId, title: '#drift #steady' });
    await keepHashtags(open.worker);
    await open.sql("update hashtags set usage_count = usage_count + 5 where tag = 'drift'");
    await open.sql("insert into hashtag_deltas (tag, uses) values ('drift', 2)");
    expect(await open.sql('select * from app.repair_hashtag_counts()')).toEqual([
      { tag: 'drift', counted: '8', actual: '1' },
    ]);
    await keepHashtags(open.worker);
    expect(await usage('drift')).toBe(1);
    expect(await open.sql('select * from app.repair_hashtag_counts()')).toEqual([]);
  });

  it('go down with a purged project', async () => {
    const { projectId } = await addTenant(open.sql, ada.userId);
    await addRow(open.sql, 'content', { project_id: projectId, title: '#purged' });
    expect(await usage('purged')).toBe(1);
    await open.sql('delete from projects where id = $1', [projectId]);
    expect(await usage('purged')).toBe(0);
  });
});

describe('a tag that no text has any more', () => {
  const known = async (tag: string) => (await open.sql('select 1 from hashtags where tag = $1', [tag])).length === 1;

  it('is forgotten after a day', async () => {
    const id = await addRow(open.sql, 'content', { project_id: tenant.projectId, title: '#fleeting #lasting' });
    await open.sql("update content set title = '#lasting' where id = $1", [id]);
    await keepHashtags(open.worker);
    expect(await known('fleeting')).toBe(true);
    await open.moveClock(2 * 86_400);
    await keepHashtags(open.worker);
    expect([await known('fleeting'), await known('lasting')]).toEqual([false, true]);
    await open.moveClock(0);
  });

  it('is not forgotten by one while another begins to use it, nor fails the other', async () => {
    await open.sql("insert into hashtags (tag, created_at) values ('contested', app.now() - interval '2 days')");
    await open.sql("insert into hashtags (tag, created_at) values ('doomed', app.now() - interval '2 days')");
    const [writer, keeper] = [await open.database.connect(), await open.database.connect()];
    const write = "insert into posts (project_id, text, schedule_type) values ($1, $2, 'draft')";
    try {
      await writer.query('begin');
      await writer.query(write, [tenant.projectId, '#contested']);
      await keeper.query('begin');
      await keeper.query('select app.forget_hashtags(1000)');
      // Now the other way round: it is going, and somebody wants it.
      const late = open.sql(write, [tenant.projectId, '#doomed']);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await keeper.query('commit');
      await late;
      await writer.query('commit');
    } finally {
      await Promise.all([writer.end(), keeper.end()]);
    }
    expect([await known('contested'), await known('doomed')]).toEqual([true, true]);
    expect(await open.sql("select tag from post_hashtags where tag in ('contested', 'doomed') order by 1")).toEqual([
      { tag: 'contested' },
      { tag: 'doomed' },
    ]);
  });
});

describe('completion', () => {
  const complete = async (person: Someone, prefix: string) =>
    (await open.as({ kind: 'actor', ...person }).many(listHashtags, { prefix, limit: 10 })).map(({ tag }) => tag);

  it('shows a private tag to its project alone, a public one to everybody while it is public', async () => {
    const stranger = await addPerson(open.sql, 'stranger');
    const viewer = await addPerson(open.sql, 'viewer');
    await addMember(open.sql, tenant.projectId, viewer.userId, 'viewer');
    const publicationId = await addPublication(open.sql, tenant, { state: 'published' });
    await addRow(open.sql, 'content', { project_id: tenant.projectId, title: '#zebra_private' });
    const row = { project_id: tenant.projectId, account_id: tenant.accountId, publication_id: publicationId };
    const post = await addRow(open.sql, 'community_posts', { ...row, text: '#zebra_public', visibility: 'public' });
    await keepHashtags(open.worker);
    expect(await complete(viewer, '#Zebra')).toEqual(['zebra_private', 'zebra_public']);
    expect(await complete(stranger, 'zebra')).toEqual(['zebra_public']);
    await open.sql("update community_posts set visibility = 'private' where id = $1", [post]);
    expect(await complete(stranger, 'zebra'), 'at once, not after the next folding').toEqual([]);
    await open.sql('update content set deleted_at = app.now() where project_id = $1', [tenant.projectId]);
    expect(await complete(viewer, 'zebra')).toEqual([]);
  });

  it('takes what is typed as it is: no pattern, any script', async () => {
    await addRow(open.sql, 'content', { project_id: tenant.projectId, title: '#per_cent #Élan #日本語' });
    expect(await complete(ada, 'per_')).toEqual(['per_cent']);
    expect(await complete(ada, 'p%')).toEqual([]);
    expect(await complete(ada, 'per__')).toEqual([]);
    expect(await complete(ada, 'ÉL')).toEqual(['élan']);
    expect(await complete(ada, '＃日')).toEqual(['日本語']);
  });
});
