/** Search as people use it, with everybody else's rows around: never an error, never somebody else's, never all of the table. */
import { randomInt } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listContentTitles, searchContent } from '../../shared/content/queries.ts';
import { searchPosts } from '../../shared/posts/list-queries.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addMember, addPerson, addRow, addTenant, type Someone, type Tenant } from './seed.ts';

const MINE = 6_000;
const OTHERS = 20_000;

let open: OpenDatabase;
let ada: Someone;
let rival: Someone;
let tenant: Tenant;
let client: pg.Client;

/** Words of which each is in a seventh of all texts. */
const WORDS = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf'];

beforeAll(async () => {
  open = await openDatabase();
  [ada, rival] = [await addPerson(open.sql, 'ada'), await addPerson(open.sql, 'rival')];
  tenant = await addTenant(open.sql, ada.userId);
  const elsewhere = await addTenant(open.sql, rival.userId);
  for (const [{ projectId }, rows, person] of [
    [elsewhere, OTHERS, rival],
    [tenant, MINE, ada],
  ] as const) {
    const text = `'every ' || (array['${WORDS.join("','")}'])[1 + n % 7] || case when n % 500 = 0 then ' rare' else '' end`;
    await open.sql(
      `insert into content (project_id, created_by, title, body) select $1, $2, 'Title ' || n, ${text} from generate_series(1, $3) n`,
      [projectId, person.userId, rows],
    );
    await open.sql(
      `insert into posts (project_id, created_by, text, schedule_type) select $1, $2, ${text}, 'draft' from generate_series(1, $3) n`,
      [projectId, person.userId, rows],
    );
  }
  client = await open.login('api');
  for (const table of ['content', 'posts']) await vacuum(table);
});
afterAll(() => open.close());

/** Until every page is known to be visible: whoever analyzes the table meanwhile keeps some from it. */
async function vacuum(table: string): Promise<void> {
  const unseen = `select relpages - relallvisible as pages from pg_class where relname = '${table}'`;
  for (let round = 0; round < 50; round += 1) {
    await open.sql(`vacuum analyze ${table}`);
    if (Number((await open.sql(unseen))[0]?.pages) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A plan as the person gets it: through app.run, under the policies. */
async function explain(person: Someone, text: string, values: readonly (string | null)[] = []): Promise<string> {
  const call = JSON.stringify({ kind: 'actor', userId: person.userId, sessionId: person.sessionId });
  const { rows } = await client.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    call,
    `explain (analyze, buffers, costs off, timing off, summary off) ${text}`,
    values,
  ]);
  const lines = rows
    .map(({ part }) => part)
    .join('')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => String(Object.values(JSON.parse(line))[0])).join('\n');
}

function buffersOf(plan: string): number {
  const [, hit = '0', read = '0'] = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan) ?? [];
  return Number(hit) + Number(read);
}

const nothing = { projectId: null, platform: null, status: null, since: null, before: null };
const find = (person: Someone, words: string, limit = 100) =>
  open.as({ kind: 'actor', ...person }).many(searchContent, { ...nothing, words, limit });

describe('what it reads', () => {
  const pages = async (table: string) =>
    Number((await open.sql(`select relpages from pg_class where relname = '${table}'`))[0]?.relpages);

  it.each([
    ['content', 'rare', 12],
    ['content', 'rare -alpha', 11],
    ['content', 'alpha', null],
    ['content', 'every', null],
    ['content', '"every bravo"', null],
    ['content', 'char*', null],
    ['content', '-every', null],
    ['content', 'absent', 0],
    ['posts', 'rare', 12],
    ['posts', 'every', null],
    ['posts', 'delta or echo', null],
  ])('in %s for %j is bounded by what is one’s own', async (table, words, found) => {
    const text = `select * from app.search_${table}($1, null)`;
    await explain(ada, text, [words]); // what a connection learns of the catalogue is no cost of the search
    const plan = await explain(ada, text, [words]);
    // What few rows have is found by the index; what many have by a walk through one's own, a quarter of all.
    expect(buffersOf(plan), plan).toBeLessThan((await pages(table)) * (found === null ? 0.5 : 0.1));
    if (found !== null) expect(plan).toMatch(new RegExp(`actual rows=${found}\\b`));
  });

  it('does not grow with what others have', async () => {
    const few = await addPerson(open.sql, 'few');
    const small = await addTenant(open.sql, few.userId);
    await addRow(open.sql, 'content', { project_id: small.projectId, title: 'every alpha' });
    const text = `select * from app.search_content('every', null)`;
    await explain(few, text);
    expect(buffersOf(await explain(few, text))).toBeLessThan(50);
    expect(await find(few, 'every')).toHaveLength(1);
  });

  it('titles of a person come from the index alone', async () => {
    const { text, keys } = listContentTitles;
    const args: Readonly<Record<string, string | null>> = { userId: ada.userId, before: null, limit: '20' };
    const plan = await explain(
      ada,
      text,
      keys.map((key) => args[key] ?? null),
    );
    expect(plan).toMatch(/Index Only Scan using content_created_by_idx/);
    expect(plan).toMatch(/Heap Fetches: 0/);
    expect(buffersOf(plan)).toBeLessThan(50);
  });
});

describe('what it finds', () => {
  it('is one’s own projects’, as a viewer too, until one leaves or the project goes', async () => {
    const guest = await addPerson(open.sql, 'guest');
    expect(await find(guest, 'every')).toEqual([]);
    await addMember(open.sql, tenant.projectId, guest.userId, 'viewer');
    expect(await find(guest, 'rare')).toHaveLength(12);
    await open.sql('delete from project_collaborators where user_id = $1', [guest.userId]);
    expect(await find(guest, 'rare')).toEqual([]);
    const brief = await addTenant(open.sql, guest.userId);
    await addRow(open.sql, 'content', { project_id: brief.projectId, title: 'transient' });
    expect(await find(guest, 'transient')).toHaveLength(1);
    await open.sql('update projects set deleted_at = app.now() where id = $1', [brief.projectId]);
    expect(await find(guest, 'transient')).toEqual([]);
  });

  it('is what the text says now', async () => {
    const id = await addRow(open.sql, 'content', { project_id: tenant.projectId, title: 'before' });
    await open.sql("update content set title = 'after' where id = $1", [id]);
    expect([await find(ada, 'before'), await find(ada, 'after')]).toMatchObject([[], [{ id }]]);
    await open.sql("update content set title = 'Laufende Arbeiten', language = 'de' where id = $1", [id]);
    expect(await find(ada, 'arbeit'), 'the language is the text’s').toMatchObject([{ id }]);
    await open.sql('update content set deleted_at = app.now() where id = $1', [id]);
    expect(await find(ada, 'arbeit')).toEqual([]);
  });

  it('does not mix languages: what must not be there is judged in the text’s own', async () => {
    const english = await addRow(open.sql, 'content', {
      project_id: tenant.projectId,
      title: 'zeppelin drafts',
      language: 'en',
    });
    expect(await find(ada, 'zeppelin -drafts')).toEqual([]);
    expect(await find(ada, 'zeppelin -sketches')).toMatchObject([{ id: english }]);
  });

  it('cannot be asked for by the term of a project', async () => {
    for (const words of [
      `project ${tenant.projectId}`,
      `"project ${tenant.projectId}"`,
      ' *',
      '0*',
      tenant.projectId,
      `${tenant.projectId.slice(0, 8)}*`,
    ]) {
      expect(await find(ada, words)).toEqual([]);
    }
  });
});

describe('whatever is typed', () => {
  const PIECES = [
    ...[
      'a',
      'every',
      'alpha',
      ' ',
      ' ',
      '"',
      "'",
      '\\',
      '*',
      '-',
      '&',
      '|',
      '!',
      '(',
      ')',
      '<',
      '>',
      '<->',
      ':',
      ':*',
      ':A',
      'or',
      'and',
    ],
    ...[
      'é',
      'İ',
      'ß',
      '日本',
      '🚀',
      '\u200b',
      '\u0301',
      '\t',
      '\n',
      '%',
      '_',
      '#tag',
      '@me',
      'http://x.y/z?a=b',
      'a@b.c',
      '1e10',
      '-1',
    ],
  ];
  const typed = () => Array.from({ length: randomInt(1, 12) }, () => PIECES[randomInt(PIECES.length)]).join('');

  it('is no error', async () => {
    const texts = [
      ...Array.from({ length: 1_500 }, typed),
      'x'.repeat(5_000),
      '('.repeat(5_000),
      `${'a '.repeat(2_000)}`,
      '',
    ];
    for (const text of texts) {
      for (const config of ['english', 'simple', 'turkish']) {
        await open.sql('select app.search_query($1::regconfig, $2)', [config, text]).catch((error: unknown) => {
          throw new Error(`${JSON.stringify(text)} in ${config}`, { cause: error });
        });
      }
    }
    for (const words of texts.slice(0, 60)) await find(ada, words, 1);
    const all = { accountId: null, createdBy: null, externalId: null, updatedSince: null, hashtag: null };
    const { projectId, status, before } = nothing;
    for (const words of texts.slice(0, 60))
      await open
        .as({ kind: 'actor', ...ada })
        .many(searchPosts, { ...all, projectId, status, before, words, limit: 1 });
  });

  it('can be kept as a text, however large and strange', async () => {
    const han = Array.from(
      { length: 33_000 },
      (_, index) => String.fromCodePoint(0x4e00 + (index % 20_000)) + (index % 10),
    ).join(' ');
    const unlike = Array.from({ length: 20_000 }, (_, index) => `w${index.toString(36)}`).join(' ');
    for (const body of [
      han.slice(0, 100_000),
      unlike.slice(0, 100_000),
      'x'.repeat(100_000),
      "'\\ ".repeat(33_000),
      '🚀'.repeat(50_000),
    ]) {
      const row = {
        project_id: tenant.projectId,
        title: 'Large',
        description: body.slice(0, 10_000),
        body,
        script: body,
        language: 'en',
      };
      await addRow(open.sql, 'content', row);
      await addRow(open.sql, 'posts', { project_id: tenant.projectId, text: body, schedule_type: 'draft' });
    }
  });
});
