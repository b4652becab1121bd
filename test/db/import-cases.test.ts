/** Coming over from another system when things are not as they should be: every row is taken, or named with the reason. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { readImportOptions } from '../../infra/tools/import/command.ts';
import type { SystemName } from '../../infra/tools/import/systems.ts';
import { mailedToken } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';
import type { SeedRow } from './seeds/fill.ts';
import { bring, type Owner, openOwner } from './seeds/owner.ts';

let world: World;
let owners: Owner[] = [];
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(async () => {
  for (const { database } of owners) await database.drop();
  owners = [];
});

async function ownerOf(system: SystemName, rows: readonly SeedRow[]): Promise<Owner> {
  const owner = await openOwner(system, rows);
  owners.push(owner);
  return owner;
}

const live = (name: string, more: Readonly<Record<string, unknown>> = {}): SeedRow => [
  'users',
  {
    id: randomUUID(),
    email: `${name}@example.com`,
    username: name,
    role: 'USER',
    followers_count: 0,
    following_count: 0,
    posts_count: 0,
    deleted_at: null,
    ...more,
  },
];
const one = async (text: string, values: readonly unknown[]) => (await world.sql(text, values))[0];

it('a stranger who registered the address before gets nothing of what comes, by no link', async () => {
  const addresses = ['early.bird@example.com', 'kept.out@example.com'];
  const register = async (email: string) => {
    const json = { email, password: 'chosen by a squatter', displayName: 'Sid Squatter' };
    expect((await world.call('POST', '/v1/auth/register', { json })).status).toBe(202);
    return mailedToken(world, email);
  };
  const links = await Promise.all(addresses.map(register));
  await world.sql(`update users set status = 'deactivated' where email = $1`, [addresses[1]]);
  const { url } = await ownerOf('social-live', [live('early.bird'), live('kept.out')]);
  await bring('social-live', url);
  await world.sql(`update users set status = 'active' where email = $1`, [addresses[1]]);
  for (const [n, email] of addresses.entries()) {
    await world.call('POST', '/v1/auth/verify-email', { json: { token: links[n] } });
    const json = { email, password: 'chosen by a squatter' };
    expect((await world.call('POST', '/v1/auth/login', { json })).code).toBe('invalid_credentials');
  }
  const [early] = await world.sql(
    `select u.display_name, count(c.project_id)::integer as projects from users u join project_collaborators c on c.user_id = u.id
     where u.email = $1 group by u.id`,
    [addresses[0]],
  );
  expect(early?.projects).toBe(1);
  expect(early?.display_name).not.toBe('Sid Squatter');
});

it('whoever is here already stays who they are, and gets what was theirs there', async () => {
  const mine = await one(
    `insert into users (email, password_hash, display_name) values ('known@example.com', 'mine', 'Known') returning id`,
    [],
  );
  const userId = randomUUID();
  const { url } = await ownerOf('social-live', [
    live('known', { id: userId, email: ' Known@Example.com ' }),
    [
      'posts',
      {
        id: randomUUID(),
        user_id: userId,
        media_type: 'IMAGE',
        visibility: 'PUBLIC',
        likes_count: 0,
        comments_count: 0,
        shares_count: 0,
        deleted_at: null,
      },
    ],
  ]);
  const { complained } = await bring('social-live', url);
  expect(complained.filter((line) => line.includes('not taken'))).toEqual([]);
  expect(await one('select password_hash, display_name from users where id = $1', [mine?.id])).toEqual({
    password_hash: 'mine',
    display_name: 'Known',
  });
  expect(await one('select count(*)::integer as posts from posts where created_by = $1', [mine?.id])).toEqual({
    posts: 1,
  });
  expect(await one(`select count(*)::integer as people from users where email = 'known@example.com'`, [])).toEqual({
    people: 1,
  });
});

it('a name that is taken gets a mark, and its owner is told', async () => {
  await world.sql(
    `insert into users (email, password_hash, display_name, username) values ('other@example.com', 'x', 'Other', 'Popular')`,
  );
  const { url } = await ownerOf('social-live', [live('popular')]);
  const { complained } = await bring('social-live', url);
  expect(complained.join()).toMatch(/the name popular was taken: popular-[0-9a-f]{6}/);
  expect(await one(`select username from users where email = 'popular@example.com'`, [])).toEqual({
    username: expect.stringMatching(/^popular-[0-9a-f]{6}$/),
  });
});

it('what nobody sees in a name is left there', async () => {
  const { url } = await ownerOf('social-live', [live('quiet', { username: 'qui\u200bet' })]);
  const { complained } = await bring('social-live', url);
  expect(complained.join()).toContain('the name quiet held what nobody sees');
  expect(await one(`select username from users where email = 'quiet@example.com'`, [])).toEqual({ username: 'quiet' });
});

it('a row that our rules refuse is named with the rule; so is what hangs on it; the rest comes', async () => {
  const [good, bad] = [randomUUID(), randomUUID()];
  const [longComment, reply] = [randomUUID(), randomUUID()];
  const post = randomUUID();
  const comment = (id: string, more: Readonly<Record<string, unknown>>): SeedRow => [
    'comments',
    { id, post_id: post, user_id: good, parent_id: null, likes_count: 0, replies_count: 0, deleted_at: null, ...more },
  ];
  const { url } = await ownerOf('social-live', [
    live('refused-1', { id: good, posts_count: 1 }),
    live('refused-2', { id: bad, bio: 'x'.repeat(10_001) }),
    [
      'posts',
      {
        id: post,
        user_id: good,
        media_type: 'IMAGE',
        visibility: 'PUBLIC',
        likes_count: 0,
        comments_count: 1,
        shares_count: 0,
        deleted_at: null,
      },
    ],
    comment(longComment, { content: 'x'.repeat(2_001) }),
    comment(reply, { parent_id: longComment }),
    comment(randomUUID(), {}),
    ['user_sessions', { user_id: bad }],
  ]);
  const { complained, report } = await bring('social-live', url);
  expect(complained).toEqual([
    `users ${bad}: not taken: users_bio_length`,
    `comments ${longComment}: not taken: comments_text_length`,
    `comments ${reply}: not taken: refers to comments ${longComment}, which was not taken`,
    expect.stringMatching(`^user_sessions [^ ]+: not taken: refers to users ${bad}, which was not taken$`),
  ]);
  const taken = Object.fromEntries(report.tables.map((table) => [table.name, table.taken]));
  expect(taken).toMatchObject({ users: 1, posts: 1, comments: 1, user_sessions: 0 });

  const client = await owners[0]?.database.connect();
  await client?.query(`update users set bio = 'short' where id = '${bad}'`);
  await client?.end();
  const again = await bring('social-live', url);
  expect(Object.fromEntries(again.report.tables.map((table) => [table.name, table.taken]))).toMatchObject({
    users: 1,
    comments: 0,
    user_sessions: 1,
  });
});

it('a counter that its rows do not bear out is named', async () => {
  const id = randomUUID();
  const { url } = await ownerOf('social-live', [live('counted', { id, followers_count: 12 })]);
  const { complained } = await bring('social-live', url);
  expect(complained).toEqual([`users ${id}: followers_count was 12; its rows say 0`]);
});

it('instants without a zone are those of the zone that was said', async () => {
  const { url } = await ownerOf('creatornexus', [
    ['users', { id: 'zoned', email: 'zoned@example.com', created_at: '2025-07-01 12:00' }],
  ]);
  await bring('creatornexus', url, { timeZone: 'Europe/Vienna' });
  expect(await one(`select created_at from users where email = 'zoned@example.com'`, [])).toEqual({
    created_at: new Date('2025-07-01T10:00:00Z'),
  });
});

it('ids begin with the instant of the row, so that lists stay in order', async () => {
  const { url } = await ownerOf('creatornexus', [
    ['users', { id: 'b-older', email: 'older@example.com', created_at: '2021-01-01' }],
    ['users', { id: 'a-newer', email: 'newer@example.com', created_at: '2024-01-01' }],
  ]);
  await bring('creatornexus', url);
  const rows = await world.sql(
    `select email from users where email in ('older@example.com', 'newer@example.com') order by id`,
  );
  expect(rows.map(({ email }) => email)).toEqual(['older@example.com', 'newer@example.com']);
});

it('numbers in JSON keep every digit', async () => {
  const { url, database } = await ownerOf('creatornexus', [
    ['users', { id: 'digits', email: 'digits@example.com' }],
    ['projects', { id: 71, user_id: 'digits', type: 'video', platform: null, status: 'active' }],
  ]);
  const client = await database.connect();
  await client.query(`update projects set metadata = '{"id": 9007199254740993, "rate": 1.10}'`);
  await client.end();
  await bring('creatornexus', url);
  const row = await one(
    `select p.metadata::text as text from projects p join users u on u.id = p.created_by
    where u.email = 'digits@example.com' and not p.personal`,
    [],
  );
  expect(row).toEqual({ text: '{"id": 9007199254740993, "rate": 1.10}' });
});

it('whoever is deleted leaves no trace of who they were there', async () => {
  const { url } = await ownerOf('creatornexus', [['users', { id: 'user_gone', email: 'gone@example.com' }]]);
  await bring('creatornexus', url);
  expect(await one(`select count(*)::integer as ids from import_ids where source_id = 'user_gone'`, [])).toEqual({
    ids: 2,
  });
  await world.sql(`delete from projects where created_by = (select id from users where email = 'gone@example.com')`);
  await world.sql(`delete from users where email = 'gone@example.com'`);
  expect(await one(`select count(*)::integer as ids from import_ids where source_id = 'user_gone'`, [])).toEqual({
    ids: 0,
  });
});

it('tokens stand nowhere as they were, not even in the log', async () => {
  const userId = randomUUID();
  const { url } = await ownerOf('smmp', [
    ['users', { id: userId, email: 'sealed@example.com', role: 'user' }],
    [
      'social_accounts',
      {
        userId,
        platform: 'threads',
        status: 'active',
        health: 'healthy',
        accessToken: 'plain-access-4711',
        refreshToken: 'plain-refresh-4711',
      },
    ],
  ]);
  await bring('smmp', url);
  const tables = await world.sql(
    `select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  );
  const found: unknown[] = [];
  for (const { name } of tables)
    if ((await world.sql(`select 1 from ${name} t where t::text ~ 'plain-(access|refresh)-4711' limit 1`)).length > 0)
      found.push(name);
  expect(found).toEqual([]);
  expect(world.logs.join()).not.toContain('4711');
});

it('two of a kind come under two labels', async () => {
  const first = await ownerOf('creatornexus', [['users', { id: '1', email: 'first@example.com' }]]);
  const second = await ownerOf('creatornexus', [['users', { id: '1', email: 'second@example.com' }]]);
  await bring('creatornexus', first.url, { label: 'nexus-one' });
  await bring('creatornexus', second.url, { label: 'nexus-two' });
  const rows = await world.sql(`select email from users where email in ('first@example.com', 'second@example.com')`);
  expect(rows).toHaveLength(2);
});

it('columns and tables that no document knows are named, not lost silently', async () => {
  const { url, database } = await ownerOf('creatornexus', [['users', { id: 'extra', email: 'extra@example.com' }]]);
  const client = await database.connect();
  await client.query(
    'alter table users add column favourite_colour text; drop table post_schedules; alter table projects drop column template',
  );
  await client.end();
  const { complained, report } = await bring('creatornexus', url);
  expect(complained).toEqual([
    'users: not described, so not taken: favourite_colour',
    'projects: not there: template',
    'post_schedules: there is no such table',
  ]);
  expect(report.tables.find(({ name }) => name === 'post_schedules')?.missing).toBe(true);
});

it('an import that was interrupted goes on where it was', async () => {
  const rows = [1, 2, 3, 4, 5].map((n): SeedRow => ['users', { id: `late-${n}`, email: `late-${n}@example.com` }]);
  const { url } = await ownerOf('creatornexus', rows);
  await bring('creatornexus', url, { batchSize: 2 });
  await world.sql(`delete from import_ids where source_id in ('late-4', 'late-5')`);
  await world.sql(
    `delete from projects where created_by in (select id from users where email in ('late-4@example.com', 'late-5@example.com'))`,
  );
  await world.sql(`delete from users where email in ('late-4@example.com', 'late-5@example.com')`);
  const { report } = await bring('creatornexus', url, { batchSize: 2 });
  expect(report.tables[0]).toMatchObject({ name: 'users', taken: 2, known: 3, problems: 0 });
});

it('is a command with a usage', async () => {
  expect(() => readImportOptions(['--from', 'myspace', '--url', 'postgres://x'])).toThrow(
    /--from: .*usage: npm run db -- import/s,
  );
  expect(() => readImportOptions(['--from', 'smmp', '--url', 'mysql://x'])).toThrow(/--url/);
  expect(() => readImportOptions(['--from', 'smmp', '--uri', 'postgres://x'])).toThrow(/uri/);
  const { url } = await ownerOf('creatornexus', [['users', { id: 'cli', email: 'cli@example.com' }]]);
  const run = promisify(execFile);
  const args = ['infra/tools/db.ts', 'import', '--from', 'creatornexus', '--url', url];
  const { stdout } = await run(process.execPath, args, { cwd: new URL('../../', import.meta.url), env: process.env });
  expect(stdout).toContain('creatornexus: 1 rows taken, 0 known before, 0 not taken');
  expect(await one(`select given_name from users where email = 'cli@example.com'`, [])).toBeDefined();
});

it('a database of another system is not taken for it, and nothing is written', async () => {
  const { url } = await ownerOf('social-live', [live('mistaken')]);
  await expect(bring('creatornexus', url)).rejects.toThrow(/nothing was taken: .* say --from social-live/);
  await expect(bring('segmint', url)).rejects.toThrow(/nothing was taken/);
  expect(await one("select count(*)::integer as people from users where email = 'mistaken@example.com'", [])).toEqual({
    people: 0,
  });
  await expect(bring('social-live', url.replace(/[^/]*$/, 'template1'))).rejects.toThrow(/has no table of social-live/);
  await expect(bring('social-live', 'postgres://nobody@127.0.0.1:1/x')).rejects.toThrow(
    /database to import from .*does not answer.*ECONNREFUSED/,
  );
});
