/** What an export holds: of projects that one has left, for spreadsheets, of nothing, and of very much. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presignDownload } from '../../../shared/aws/upload-stream.ts';
import { connect } from '../../../shared/db/client.ts';
import { runExport } from '../../../shared/exports/run-export.ts';
import { AccountExport, ExportDownload, exportKey } from '../../../shared/exports/shapes.ts';
import { upload } from '../../support/media.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost, eventually, getPublication } from '../../support/posts.ts';
import { unzip } from '../../support/unzip.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let owner: Person;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  owner = await registerUser(world, 'Olivia Owner');
}, 60_000);
afterAll(() => world.close());

type Files = ReadonlyMap<string, Buffer>;

async function exportOf(who: Person): Promise<Files> {
  const { id } = (await world.call('POST', '/v1/me/exports', { token: who.token })).json(AccountExport);
  await eventually(
    async () => (await world.call('GET', `/v1/me/exports/${id}`, { token: who.token })).json(AccountExport),
    ({ state }) => state === 'ready',
    60_000,
  );
  const answer = await world.call('GET', `/v1/me/exports/${id}/parts/1`, { token: who.token });
  const file = await fetch(answer.json(ExportDownload).url);
  return unzip(new Uint8Array(await file.arrayBuffer()));
}

const rowsOf = (files: Files, table: string): Record<string, unknown>[] =>
  (files.get(`data/${table}.ndjson`)?.toString() ?? '')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : JSON.parse(line)));
const textOf = (files: Files) => Buffer.concat([...files.values()]).toString('latin1');

/** A project of the owner in which the guest does what leaves traces. */
async function guestIn(guest: Person) {
  const { id: projectId } = await createProject(world, owner, 'Confidential launch');
  await addMember(world, projectId, guest, 'editor');
  const { id: accountId } = await connectCommunity(world, owner, projectId);
  const plan = { projectId, publications: [{ accountId }] };
  const post = await createPost(world, guest, {
    ...plan,
    text: 'What the guest drafted',
    schedule: { type: 'at', at: ahead(86_400) },
  });
  const shown = await createPost(world, guest, {
    ...plan,
    text: 'What everybody may read',
    schedule: { type: 'now' },
  });
  const published = await eventually(
    () => getPublication(world, guest, shown.publications[0]?.id ?? ''),
    ({ state }) => state === 'published',
  );
  const comments = `/v1/community/posts/${published.platformPostId}/comments`;
  const said = await world.call('POST', comments, { token: guest.token, json: { text: 'What the guest said' } });
  expect(said.status).toBe(201);
  const photo = await upload(world, guest, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
  return { projectId, postId: post.id, photoId: photo.id };
}

test('of a project that one has left it tells that one worked there, and nothing that the project keeps to its members', async () => {
  const guest = await registerUser(world, 'Gus Guest');
  const { projectId, postId, photoId } = await guestIn(guest);
  const before = await exportOf(guest);
  expect(rowsOf(before, 'posts').map(({ text }) => text)).toContain('What the guest drafted');
  expect([...before.keys()].filter((name) => name.includes(photoId)).length).toBeGreaterThan(0);

  expect((await world.call('POST', `/v1/projects/${projectId}/leave`, { token: guest.token })).status).toBe(204);
  await world.sql("update posts set text = 'What a colleague wrote since' where id = $1", [postId]);
  const after = await exportOf(guest);
  const left = rowsOf(after, 'posts').find(({ id }) => id === postId) ?? {};
  expect(left).toEqual({ id: postId, projectId, createdBy: guest.id, createdAt: expect.any(String) });
  expect(rowsOf(after, 'comments').map(({ text }) => text)).toEqual(['What the guest said']);
  // What everybody can read, under the person's own name.
  expect(rowsOf(after, 'community_posts').map(({ text }) => text)).toEqual(['What everybody may read']);
  for (const hidden of ['What the guest drafted', 'What a colleague wrote since', 'Confidential launch'])
    expect(textOf(after), hidden).not.toContain(hidden);
  expect([...after.keys()].filter((name) => name.includes(photoId))).toEqual([]);
  const changes = rowsOf(after, 'audit_log').filter((row) => row.projectId === projectId);
  expect(changes.length).toBeGreaterThan(0);
  expect(changes.filter((row) => 'oldValues' in row || 'newValues' in row)).toEqual([]);
});

test('what the log of changes holds of oneself is in it, opened, with where one came from; what it holds of others is not', async () => {
  const [mallory, other] = [await registerUser(world, 'Mallory Before'), await registerUser(world, 'Otto Other')];
  const rename = (who: Person, json: object) => world.call('PATCH', '/v1/me', { token: who.token, json });
  await rename(mallory, { displayName: 'Mallory After', bio: 'I sail' });
  await rename(other, { displayName: 'Otto Otherwise' });
  const { id: projectId } = await createProject(world, mallory);
  const invitation = { email: 'third.party@example.com', role: 'viewer' };
  await world.call('POST', `/v1/projects/${projectId}/invitations`, { token: mallory.token, json: invitation });
  const files = await exportOf(mallory);
  const rows = rowsOf(files, 'audit_log');
  const renamed = rows.find(({ tableName, operation }) => tableName === 'users' && operation === 'update');
  expect(renamed).toMatchObject({
    userId: mallory.id,
    newValues: { display_name: { hidden: 'personal' } },
    personal: { old: { display_name: 'Mallory Before' }, new: { display_name: 'Mallory After', bio: 'I sail' } },
    ip: '127.0.0.1',
  });
  expect(new Set(rows.map(({ ip }) => ip))).toEqual(new Set(['127.0.0.1']));
  for (const hidden of ['Otto Otherwise', invitation.email]) expect(textOf(files), hidden).not.toContain(hidden);
  const about = files.get('README.txt')?.toString() ?? '';
  expect(about).toContain('`personal` has');
  const listed = [...about.matchAll(/^ {2}(\w+): ([\w, ]+)$/gm)].map(([, , names = '']) => names.split(', '));
  for (const names of listed) expect(new Set(names).size).toBe(names.length);
});

test('tables for a spreadsheet come as CSV too, and no cell is a formula', async () => {
  const { id: projectId } = await createProject(world, owner);
  const { id: accountId } = await connectCommunity(world, owner, projectId);
  const text = '=HYPERLINK("http://evil.example","a, ""b""")\nsecond line';
  const schedule = { type: 'at', at: ahead(86_400) };
  const post = await createPost(world, owner, { projectId, text, schedule, publications: [{ accountId }] });
  await world.sql(
    `insert into analytics (project_id, publication_id, account_id, platform, fetched_at, source, likes)
     values ($1, $2, $3, 'community', app.now(), 'poll', 7)`,
    [projectId, post.publications[0]?.id, accountId],
  );
  const files = await exportOf(owner);
  const csv = files.get('data/posts.csv')?.toString() ?? '';
  expect(csv.startsWith('\ufeffid,projectId,createdBy,text,')).toBe(true);
  expect(csv).toContain(`"'${text.replaceAll('"', '""')}"`);
  expect(csv).not.toMatch(/(^|,|\r\n)"?[=+@]/);
  expect(csv.trimEnd().split('\r\n')).toHaveLength(1 + rowsOf(files, 'posts').length);
  for (const table of ['post_publications', 'analytics'])
    expect(files.get(`data/${table}.csv`)?.toString().trimEnd().split('\r\n'), table).toHaveLength(
      1 + rowsOf(files, table).length,
    );
  expect(files.has('data/users.csv')).toBe(false);
});

test('who has done nothing gets who they are, and no empty files', async () => {
  const nobody = await registerUser(world, 'Nora Nobody');
  const files = await exportOf(nobody);
  expect(rowsOf(files, 'users')).toHaveLength(1);
  expect([...files].filter(([, bytes]) => bytes.length === 0)).toEqual([]);
  expect([...files.keys()].filter((name) => name.startsWith('files/') || name.endsWith('.csv'))).toEqual([]);
});

test('a link that has expired opens nothing, and a new one is given', async () => {
  const { id } = (await world.call('POST', '/v1/me/exports', { token: owner.token })).json(AccountExport);
  const part = () => world.call('GET', `/v1/me/exports/${id}/parts/1`, { token: owner.token });
  const fresh = await eventually(part, ({ status }) => status === 200, 60_000);
  expect((await fetch(fresh.json(ExportDownload).url)).status).toBe(200);
  const url = await presignDownload(exportKey(id, 1), 'posthaste-export-1.zip', 1);
  await sleep(2_100);
  expect((await fetch(url)).status).toBe(403);
  expect((await fetch((await part()).json(ExportDownload).url)).status).toBe(200);
});

test('many rows take no more memory than a few: they are never all in it', { timeout: 240_000 }, async () => {
  const collector = await registerUser(world, 'Cora Collector');
  const { id: projectId } = await createProject(world, collector);
  await world.sql(
    `insert into posts (project_id, created_by, text, schedule_type)
     select $1, $2, 'post ' || n || ' ' || repeat('x', 4000), 'draft' from generate_series(1, 6000) n`,
    [projectId, collector.id],
  );
  const [row] = await world.sql("insert into account_exports (user_id, state) values ($1, 'running') returning id", [
    collector.id,
  ]);
  const id = String(row?.id);
  const db = connect({ caller: { kind: 'worker', name: 'test' }, requestId: 'test', patienceMs: () => 1_000 });
  const from = process.memoryUsage().rss;
  let peak = from;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 50);
  await runExport(db, id, () => 900_000);
  clearInterval(watch);
  const part = await world.call('GET', `/v1/me/exports/${id}/parts/1`, { token: collector.token });
  const answer = await fetch(part.json(ExportDownload).url);
  const files = await unzip(new Uint8Array(await answer.arrayBuffer()));
  const rows = files.get('data/posts.ndjson')?.toString() ?? '';
  expect(rows.split('\n')).toHaveLength(6_001);
  // Twice 27 MB of rows in 160 pages; the Data API and S3 of the test live in this process as well.
  expect((peak - from) / 2 ** 20).toBeLessThan(200);
});
