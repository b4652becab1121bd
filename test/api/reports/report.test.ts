import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pageOf } from '../../../shared/paging/rules.ts';
import { ListedReportLink, ReportLink } from '../../../shared/reports/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
  projectId = (await createProject(world, ada, '<Launch> & Co')).id;
  accountId = (await connectCommunity(world, ada, projectId)).id;
});
afterAll(() => world.close());

/** A post with numbers, as workers leave it. */
async function published(url = 'https://example.com/post/1'): Promise<string> {
  const [row] = await world.sql(
    `with p as (insert into posts (project_id, text, schedule_type, due_at) values ($1, 'Look: <b>bold</b>', 'now', '2026-11-20T10:00:00Z') returning id),
      pub as (
        insert into post_publications (project_id, post_id, account_id, platform, state, due_at, platform_post_id, url, published_at,
          platform_published_at, likes, comments, metrics_at)
        select $1, p.id, $2, 'community', 'published', '2026-11-20T10:00:00Z', 'x', $3, '2026-11-20T10:00:01.9Z',
          '2026-11-20T10:00:01.4Z', 1234, 5, now() from p
        returning id, post_id),
      a as (
        insert into analytics (project_id, publication_id, account_id, platform, likes, comments, fetched_at)
        select $1, pub.id, $2, 'community', n * 100, n, '2026-11-20T10:00:00Z'::timestamptz + n * interval '1 minute' from pub, generate_series(1, 5) n)
    select post_id from pub`,
    [projectId, accountId, url],
  );
  return String(row?.post_id);
}

const share = (postId: string, who = ada, json: Record<string, unknown> = {}) =>
  world.call('POST', `/v1/posts/${postId}/report-links`, { token: who.token, json });
const open = (url: string) => world.call('GET', new URL(url).pathname);

test('whoever has the address reads the report: numbers, lateness, address and charts, without a script', async () => {
  const link = (await share(await published())).json(ReportLink);
  const page = await open(link.url);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  for (const part of [
    '1,234',
    '1.4 s',
    'https://example.com/post/1',
    'Likes and comments by account',
    'likes and comments over time',
    '20 Nov 2026, 10:00:01 UTC',
  ]) {
    expect(page.text).toContain(part);
  }
  expect(page.text).not.toMatch(/<script|style="/i);
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*style-src 'sha256-/);
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  expect(page.headers.get('cache-control')).toBe('no-store');
});

test('what people wrote is text, and an address that is none of the web is no link', async () => {
  const page = await open((await share(await published('javascript:alert(1)'))).json(ReportLink).url);
  expect(page.text).toContain('Look: &lt;b&gt;bold&lt;/b&gt;');
  expect(page.text).toContain('&lt;Launch&gt; &amp; Co');
  expect(page.text).not.toContain('javascript:');
});

test('a link ends when it is revoked, when it expires, and when the post goes', async () => {
  const postId = await published();
  const [revoked, short, kept] = [
    await share(postId),
    await share(postId, ada, { expiresInDays: 1 }),
    await share(postId),
  ].map((answer) => answer.json(ReportLink));
  const revoke = () => world.call('DELETE', `/v1/report-links/${revoked?.id}`, { token: ada.token });
  expect([(await revoke()).status, (await revoke()).status]).toEqual([204, 204]);
  expect((await open(revoked?.url ?? '')).code).toBe('not_found');
  expect((await open(short?.url ?? '')).status).toBe(200);
  await world.moveClock(25 * 3_600_000);
  await world.sql(`update user_sessions set expires_at = expires_at + interval '2 days'`);
  expect((await open(short?.url ?? '')).code).toBe('not_found');
  expect((await open(kept?.url ?? '')).status).toBe(200);
  await world.moveClock(0);
  await world.sql('update posts set deleted_at = now() where id = $1', [postId]);
  expect((await open(kept?.url ?? '')).code).toBe('not_found');
});

test('only the hash of a link is kept', async () => {
  const { url, id } = (await share(await published())).json(ReportLink);
  const [row] = await world.sql('select * from report_links where id = $1', [id]);
  expect(JSON.stringify(row)).not.toContain(url.split('/').at(-1));
});

test('strangers share nothing, viewers neither', async () => {
  const postId = await published();
  const { id } = (await share(postId)).json(ReportLink);
  const eve = await registerUser(world, 'Eve');
  const revoke = () => world.call('DELETE', `/v1/report-links/${id}`, { token: eve.token });
  expect([(await share(postId, eve)).code, (await revoke()).code]).toEqual(['not_found', 'not_found']);
  await addMember(world, projectId, eve, 'viewer');
  expect([(await share(postId, eve)).code, (await revoke()).code]).toEqual(['forbidden', 'forbidden']);
});

test('an address that nobody made leads nowhere', async () => {
  expect((await world.call('GET', `/reports/${'x'.repeat(43)}`)).code).toBe('not_found');
  expect((await world.call('GET', '/reports/short')).code).toBe('not_found');
});

describe('the list of links', () => {
  const list = (who: Person, query: string) => world.call('GET', `/v1/report-links?${query}`, { token: who.token });
  const page = pageOf(ListedReportLink);

  test('says who made them and whether they work, to every member, and never the address', async () => {
    const postId = await published();
    const made = [];
    for (let count = 0; count < 3; count += 1) made.push((await share(postId)).json(ReportLink));
    await world.call('DELETE', `/v1/report-links/${made[0]?.id}`, { token: ada.token });
    await world.sql(`update report_links set expires_at = now() - interval '1 second' where id = $1`, [made[1]?.id]);
    const viewer = await registerUser(world, 'Vi Ewer');
    await addMember(world, projectId, viewer, 'viewer');
    const answer = await list(viewer, `projectId=${projectId}&postId=${postId}`);
    expect(answer.json(page).data.map(({ id, state, createdByName }) => [id, state, createdByName])).toEqual([
      [made[2]?.id, 'active', ada.displayName],
      [made[1]?.id, 'expired', ada.displayName],
      [made[0]?.id, 'revoked', ada.displayName],
    ]);
    for (const { url } of made) expect(answer.text).not.toContain(url.split('/').at(-1));
    const stranger = await registerUser(world, 'Stranger');
    for (const query of [`projectId=${projectId}`, `postId=${postId}`, '']) {
      expect((await list(stranger, query)).json(page)).toEqual({ data: [], nextCursor: null });
    }
  });

  test('pages over all projects, newest first', async () => {
    const person = await registerUser(world, 'Two Projects');
    const links = [];
    for (const name of ['One', 'Two']) {
      const project = (await createProject(world, person, name)).id;
      const [post] = await world.sql(
        `insert into posts (project_id, text, schedule_type) values ($1, 'x', 'draft') returning id`,
        [project],
      );
      links.push((await share(String(post?.id), person)).json(ReportLink).id);
    }
    const first = (await list(person, 'limit=1')).json(page);
    const second = (await list(person, `limit=1&cursor=${first.nextCursor}`)).json(page);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(links.toReversed());
    expect(second.nextCursor).toBeNull();
  });
});

describe('the links of a member', () => {
  let maker: Person;
  let url: string;
  beforeEach(async () => {
    maker = await registerUser(world, 'Max Maker');
    await addMember(world, projectId, maker, 'editor');
    url = (await share(await published(), maker)).json(ReportLink).url;
    expect((await open(url)).status).toBe(200);
  });
  const member = () => `/v1/projects/${projectId}/members/${maker.id}`;

  test('end when they are sent away, for good', async () => {
    expect((await world.call('DELETE', member(), { token: ada.token })).status).toBe(204);
    expect((await open(url)).code).toBe('not_found');
    await addMember(world, projectId, maker, 'editor');
    expect((await open(url)).code).toBe('not_found');
    const own = await world.call('GET', `/v1/report-links?projectId=${projectId}&limit=1`, { token: ada.token });
    expect(own.json(pageOf(ListedReportLink)).data[0]).toMatchObject({ createdBy: maker.id, state: 'revoked' });
  });

  test('end when they leave; those of others stay', async () => {
    const ours = (await share(await published())).json(ReportLink).url;
    await world.call('POST', `/v1/projects/${projectId}/leave`, { token: maker.token });
    expect([(await open(url)).code, (await open(ours)).status]).toEqual(['not_found', 200]);
  });

  test('sleep while their account is deactivated', async () => {
    await world.sql(`update users set status = 'deactivated' where id = $1`, [maker.id]);
    expect((await open(url)).code).toBe('not_found');
    const listed = await world.call('GET', `/v1/report-links?projectId=${projectId}&limit=1`, { token: ada.token });
    expect(listed.json(pageOf(ListedReportLink)).data[0]?.state).toBe('suspended');
    await world.sql(`update users set status = 'active' where id = $1`, [maker.id]);
    expect((await open(url)).status).toBe(200);
  });

  test('end when they are erased', async () => {
    await world.sql('update users set deletion_requested_at = app.now() where id = $1', [maker.id]);
    expect((await open(url)).status).toBe(200);
    await world.sql('select app.erase_user($1)', [maker.id]);
    expect((await open(url)).code).toBe('not_found');
    const listed = await world.call('GET', `/v1/report-links?projectId=${projectId}&limit=1`, { token: ada.token });
    expect(listed.json(pageOf(ListedReportLink)).data[0]).toMatchObject({ createdBy: null, state: 'revoked' });
  });

  test('stay when they only read from now on: the report shows no more than that', async () => {
    await world.call('PATCH', member(), { token: ada.token, json: { role: 'viewer' } });
    expect((await open(url)).status).toBe(200);
  });
});
