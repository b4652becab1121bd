/** Everything that one owns, and nothing that is a secret or another's, packed to take along. */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sizeOf } from '../../../shared/aws/objects.ts';
import { connect } from '../../../shared/db/client.ts';
import { runExport } from '../../../shared/exports/run-export.ts';
import { AccountExport, ExportDownload, exportKey } from '../../../shared/exports/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import type { Answer } from '../../support/call.ts';
import { upload } from '../../support/media.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost, eventually } from '../../support/posts.ts';
import { unzip } from '../../support/unzip.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  [ada, bob] = [await registerUser(world), await registerUser(world, 'Bob Guest')];
});
afterAll(() => world.close());

const path = '/v1/me/exports';
const ask = (who: Person, idempotencyKey?: string) =>
  world.call('POST', path, { token: who.token, ...(idempotencyKey !== undefined && { idempotencyKey }) });
const see = (who: Person, id: string) => world.call('GET', `${path}/${id}`, { token: who.token });
const ready = (who: Person, id: string) =>
  eventually(
    async () => (await see(who, id)).json(AccountExport),
    ({ state }) => state === 'ready' || state === 'failed',
    60_000,
  );
const begun = (answer: Answer) => {
  expect([answer.status, answer.code]).toEqual([202, null]);
  return answer.json(AccountExport);
};
const worker = () => connect({ caller: { kind: 'worker', name: 'test' }, requestId: 'test', patienceMs: () => 1_000 });

async function download(who: Person, id: string, number = 1) {
  const answer = await world.call('GET', `${path}/${id}/parts/${number}`, { token: who.token });
  const { url, fileName } = answer.json(ExportDownload);
  const response = await fetch(url);
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${fileName}"`);
  return unzip(new Uint8Array(await response.arrayBuffer()));
}

const rowsOf = (files: ReadonlyMap<string, Buffer>, table: string): Record<string, unknown>[] =>
  (files.get(`data/${table}.ndjson`)?.toString() ?? '')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : JSON.parse(line)));

/** Ada's project with a guest, a photo and posts; and what Ada wrote in Bob's. */
async function work() {
  const { id: projectId } = await createProject(world, ada, 'Engines');
  await addMember(world, projectId, bob, 'editor');
  const { id: accountId } = await connectCommunity(world, ada, projectId);
  const photo = await upload(world, ada, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
  const schedule = { type: 'at', at: ahead(86_400) };
  const mine = await createPost(world, ada, { projectId, text: 'Mine', schedule, publications: [{ accountId }] });
  const his = await createPost(world, bob, { projectId, text: 'His in mine', schedule, publications: [{ accountId }] });
  const { id: foreign } = await createProject(world, bob, 'Bobs own');
  await addMember(world, foreign, ada, 'editor');
  const { id: bobs } = await connectCommunity(world, bob, foreign);
  const inHis = { projectId: foreign, schedule, publications: [{ accountId: bobs }] };
  const guest = await createPost(world, ada, { ...inHis, text: 'Mine in his' });
  const secret = await createPost(world, bob, { ...inHis, text: 'His alone' });
  await world.call('POST', `/v1/posts/${mine.id}/report-links`, { token: ada.token, json: {} });
  return { projectId, photo, posts: [mine.id, his.id, guest.id].toSorted(), foreign, secret: secret.id };
}

test('a ZIP holds the rows and files of one’s own and of one’s projects, a mail tells, and the log knows', async () => {
  const made = await work();
  const { id, state } = begun(await ask(ada));
  expect(state).toBe('waiting');
  const done = await ready(ada, id);
  expect(done).toMatchObject({ state: 'ready', percent: 100, failureReason: null });
  expect(done.parts).toEqual([{ number: 1, bytes: done.bytes }]);
  expect(Date.parse(done.expiresAt ?? '') - Date.parse(done.completedAt ?? '')).toBe(7 * 86_400_000);

  const files = await download(ada, id);
  expect(files.get('README.txt')?.toString()).toContain('account_tokens: ');
  expect(rowsOf(files, 'users')).toMatchObject([{ id: ada.id, email: ada.email, displayName: 'Ada Lovelace' }]);
  expect(
    rowsOf(files, 'posts')
      .map(({ id: postId }) => postId)
      .toSorted(),
  ).toEqual(made.posts);
  expect(rowsOf(files, 'projects').map(({ id: projectId }) => projectId)).toEqual([made.projectId]);
  expect(
    rowsOf(files, 'project_collaborators')
      .map(({ role }) => role)
      .toSorted(),
  ).toEqual(['editor', 'editor', 'owner']);
  expect(rowsOf(files, 'post_publications')).toHaveLength(2);
  expect(rowsOf(files, 'user_sessions').length).toBeGreaterThan(0);
  for (const { name, sha256, url } of made.photo.renditions) {
    const [file, bytes] =
      [...files].find(([entry]) => entry.startsWith(`files/${made.projectId}/${made.photo.id}/${name}.`)) ?? [];
    expect(
      [
        file,
        createHash('sha256')
          .update(bytes ?? '')
          .digest('hex'),
      ],
      url,
    ).toEqual([expect.any(String), sha256]);
  }
  await world.tick('sweep');
  expect(world.mails(ada.email)[0]?.subject).toBe('Your export is ready');
  const log = await world.sql(
    "select user_id, new_values from audit_log where table_name = 'export.account' and user_id = $1",
    [ada.id],
  );
  expect(log).toEqual([{ user_id: ada.id, new_values: { exportId: id } }]);
});

test('no secret, no hash, nobody else’s address and nothing of projects that are not one’s own is in it', async () => {
  const { id } = begun(await ask(ada));
  await ready(ada, id);
  const all = Buffer.concat([...(await download(ada, id)).values()]).toString('latin1');
  const hidden = await world.sql(
    `
    select password_hash as text from users union all select refresh_hash from user_sessions
    union all select token_hash from report_links union all select token_hash from email_verification_tokens
    union all select object_key from media_renditions union all select email from users where id <> $1
    union all select text from posts where text = 'His alone'`,
    [ada.id],
  );
  expect(hidden.length).toBeGreaterThan(8);
  expect(hidden.map(({ text }) => String(text)).filter((text) => all.includes(text))).toEqual([]);
});

test('one at a time: asked 50 times at once with one key or without, one is made', async () => {
  const key = randomUUID();
  const same = await Promise.all(Array.from({ length: 50 }, () => ask(bob, key)));
  const good = same.filter(({ status }) => status === 202).map((answer) => answer.json(AccountExport).id);
  expect(new Set(good).size).toBe(1);
  expect(same.filter(({ status }) => status !== 202).every(({ code }) => code === 'idempotency_in_flight')).toBe(true);
  await ready(bob, good[0] ?? '');
  const different = await Promise.all(Array.from({ length: 50 }, () => ask(bob)));
  expect(different.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(different.filter(({ code }) => code === 'export_running')).toHaveLength(49);
  const second = different.find(({ status }) => status === 202)?.json(AccountExport).id ?? '';
  await ready(bob, second);
  const list = await world.call('GET', `${path}?limit=1`, { token: bob.token });
  const first = list.json(pageOf(AccountExport));
  expect(first.data.map(({ id }) => id)).toEqual([second]);
  const rest = await world.call('GET', `${path}?limit=1&cursor=${first.nextCursor}`, { token: bob.token });
  expect(rest.json(pageOf(AccountExport)).data.map(({ id }) => id)).toEqual([good[0]]);
  expect((await world.call('GET', `${path}?cursor=x`, { token: bob.token })).code).toBe('invalid_cursor');
});

test('a large one comes as several files, and who is killed is followed by who goes on after the last one', async () => {
  const [row] = await world.sql("insert into account_exports (user_id, state) values ($1, 'running') returning id", [
    ada.id,
  ]);
  const id = String(row?.id);
  // Every table ends a file. The worker is out of time after three of them; then one dies in the middle of the fourth.
  let calls = 0;
  await runExport(worker(), id, () => (calls++ < 3_000 && calls < 40 ? 900_000 : 0), { partBytes: 1 });
  const before = (await see(ada, id)).json(AccountExport);
  expect(before.state === 'running' ? before.parts.length : 99).toBeGreaterThan(1);
  const finished = await ready(ada, id);
  expect(finished.parts.slice(0, before.parts.length)).toEqual(before.parts);
  const seen = new Map<string, number>();
  for (const { number } of finished.parts) {
    for (const [name] of await download(ada, id, number)) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  expect([...seen].filter(([, times]) => times > 1)).toEqual([]);
  expect([...seen.keys()]).toEqual(expect.arrayContaining(['README.txt', 'data/users.ndjson', 'data/posts.ndjson']));
});

test('one whose worker died is taken up by the schedule, and who dies again and again has failed', async () => {
  const dead = `insert into account_exports (user_id, state, lease_token, lease_until, attempts, created_at)
    values ($1, 'running', gen_random_uuid(), app.now() - interval '1 second', $2, app.now() - interval '1 hour') returning id`;
  const [lost] = await world.sql(dead, [ada.id, 1]);
  await world.tick('keepAccounts');
  expect((await ready(ada, String(lost?.id))).state).toBe('ready');
  const [hopeless] = await world.sql(dead, [ada.id, 5]);
  await world.tick('keepAccounts');
  expect((await see(ada, String(hopeless?.id))).json(AccountExport)).toMatchObject({
    state: 'failed',
    failureReason: expect.any(String),
  });
});

test('a storage that is away is tried again, from the last part', async () => {
  world.faults.arm({ point: 's3:PutObject:before', action: 'error', error: 'InternalError', times: 4 });
  const { id } = begun(await ask(bob));
  await eventually(
    () => world.sql('select attempts from account_exports where id = $1', [id]),
    ([now]) => Number(now?.attempts) > 0,
  );
  world.faults.clear();
  await world.sql('update account_exports set lease_until = app.now() where id = $1 and lease_until is not null', [id]);
  await world.moveClock(120_000);
  await world.tick('keepAccounts');
  await world.moveClock(0);
  expect((await ready(bob, id)).state).toBe('ready');
});

test('after seven days it is gone from the storage too; so is one that its person deletes', async () => {
  const { id } = begun(await ask(ada));
  await ready(ada, id);
  expect(await sizeOf(exportKey(id, 1))).toBeGreaterThan(0);
  await world.moveClock(8 * 86_400_000);
  await world.tick('keepAccounts');
  await world.moveClock(0);
  await world.tick('sweep');
  expect((await see(ada, id)).code).toBe('not_found');
  expect(await sizeOf(exportKey(id, 1))).toBeNull();

  const next = begun(await ask(ada));
  await ready(ada, next.id);
  expect((await world.call('DELETE', `${path}/${next.id}`, { token: bob.token })).code).toBe('not_found');
  expect((await world.call('DELETE', `${path}/${next.id}`, { token: ada.token })).status).toBe(204);
  await world.tick('sweep');
  expect(await sizeOf(exportKey(next.id, 1))).toBeNull();
});

test('it is asked for and fetched by who has proven to be the person a moment ago, and by nobody else', async () => {
  const { id } = begun(await ask(ada));
  const early = await world.call('GET', `${path}/${id}/parts/1`, { token: ada.token });
  expect([200, 409]).toContain(early.status);
  await ready(ada, id);
  expect((await see(bob, id)).code).toBe('not_found');
  expect((await world.call('GET', `${path}/${id}/parts/1`, { token: bob.token })).code).toBe('not_found');
  expect((await world.call('GET', `${path}/${id}/parts/2`, { token: ada.token })).code).toBe('not_found');
  await world.sql("update user_sessions set elevated_until = app.now() - interval '1 second' where user_id = $1", [
    ada.id,
  ]);
  expect((await ask(ada)).code).toBe('step_up_needed');
  expect((await world.call('GET', `${path}/${id}/parts/1`, { token: ada.token })).code).toBe('step_up_needed');
  await world.sql("update user_sessions set elevated_until = app.now() + interval '10 minutes' where user_id = $1", [
    ada.id,
  ]);
  const [waiting] = await world.sql('insert into account_exports (user_id) values ($1) returning id', [ada.id]);
  const none = await world.call('GET', `${path}/${String(waiting?.id)}/parts/1`, { token: ada.token });
  expect([none.status, none.code]).toEqual([409, 'wrong_state']);
});

test('who wants no mails gets none', async () => {
  const eve = await registerUser(world, 'Eve');
  await world.call('PATCH', '/v1/me/preferences', { token: eve.token, json: { emailNotifications: false } });
  await ready(eve, begun(await ask(eve)).id);
  await world.tick('sweep');
  expect(world.mails(eve.email).map(({ subject }) => subject)).not.toContain('Your export is ready');
});
