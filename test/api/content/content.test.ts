/** Content, hashtags and the lists of posts that rest on them, through the API. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Content, ContentSummary, ContentTitle, NumberedContent } from '../../../shared/content/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { Post } from '../../../shared/posts/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let bob: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  [ada, bob] = await Promise.all([registerUser(world), registerUser(world)]);
  projectId = (await createProject(world, ada)).id;
  accountId = (await connectCommunity(world, ada, projectId)).id;
});
afterAll(() => world.close());

interface Wanted {
  readonly by?: Person;
  readonly project?: string;
  readonly [column: string]: unknown;
}

/** A piece of content as a door will write it one day. */
async function write(title: string, { by = ada, project = projectId, ...columns }: Wanted = {}): Promise<string> {
  const names = Object.keys(columns);
  const [row] = await world.sql(
    `insert into content (project_id, created_by, title${names.map((name) => `, ${name}`).join('')})
     select $1::uuid, u.id, $3${names.map((_, index) => `, $${index + 4}`).join('')} from users u where u.email = $2 returning id`,
    [project, by.email, title, ...Object.values(columns)],
  );
  return String(row?.id);
}

const get = (path: string, who = ada) => world.call('GET', path, { token: who.token });
const Page = pageOf(ContentSummary);

async function titles(query: Record<string, string>, who = ada): Promise<string[]> {
  const answer = await get(`/v1/content?${new URLSearchParams({ limit: '100', ...query })}`, who);
  expect(answer.status, answer.text).toBe(200);
  return answer.json(Page).data.map(({ title }) => title);
}

describe('a list of content', () => {
  let mine: string;
  beforeAll(async () => {
    mine = (await createProject(world, ada, 'Lists')).id;
    const day = (days: number) => new Date(Date.now() - days * 86_400_000);
    await write('Old', { project: mine, created_at: day(40) });
    await write('For Bluesky', { project: mine, platform: 'bluesky', created_at: day(3) });
    await write('In use', { project: mine, status: 'active', created_at: day(2) });
    await write('Deleted', { project: mine, created_at: day(1), deleted_at: new Date() });
    await write('New', { project: mine });
  });

  test('is newest first, without what was deleted, and by project, platform, status and age', async () => {
    expect(await titles({ projectId: mine })).toEqual(['New', 'In use', 'For Bluesky', 'Old']);
    expect(await titles({ projectId: mine, platform: 'bluesky' })).toEqual(['For Bluesky']);
    expect(await titles({ projectId: mine, status: 'active' })).toEqual(['In use']);
    const since = new Date(Date.now() - 30 * 86_400_000).toISOString();
    expect(await titles({ projectId: mine, since })).toEqual(['New', 'In use', 'For Bluesky']);
    expect(await titles({ projectId: mine }, bob)).toEqual([]);
  });

  test('pages to its end, also for titles alone', async () => {
    const seen: string[] = [];
    let path = `/v1/content?projectId=${mine}&limit=1`;
    for (;;) {
      const page = (await get(path)).json(Page);
      seen.push(...page.data.map(({ title }) => title));
      if (page.nextCursor === null) break;
      path = `/v1/content?projectId=${mine}&limit=1&cursor=${page.nextCursor}`;
    }
    expect(seen).toEqual(['New', 'In use', 'For Bluesky', 'Old']);
    const first = (await get('/v1/content/titles?limit=2')).json(pageOf(ContentTitle));
    const second = (await get(`/v1/content/titles?limit=2&cursor=${first.nextCursor}`)).json(pageOf(ContentTitle));
    expect([...first.data, ...second.data].filter((item) => item.projectId === mine).map(({ title }) => title)).toEqual(
      ['New', 'In use', 'For Bluesky', 'Old'],
    );
    const wrong = await get(`/v1/posts?cursor=${first.nextCursor}`);
    expect([wrong.status, wrong.code]).toEqual([422, 'invalid_cursor']);
  });

  test('each person’s newest are numbered', async () => {
    const cat = await registerUser(world);
    await addMember(world, mine, cat, 'editor');
    for (const title of ['One', 'Two', 'Three']) await write(title, { project: mine, by: cat });
    const answer = await get(`/v1/content/newest-by-author?projectId=${mine}&each=2`);
    const { data } = answer.json(z.object({ data: z.array(NumberedContent) }));
    const by = (title: string) => data.find((item) => item.title === title)?.createdBy;
    expect(
      data.filter(({ createdBy }) => createdBy === by('Three')).map(({ title, number }) => [title, number]),
    ).toEqual([
      ['Three', 1],
      ['Two', 2],
    ]);
    expect(data.filter(({ createdBy }) => createdBy === by('New')).map(({ title, number }) => [title, number])).toEqual(
      [
        ['New', 1],
        ['In use', 2],
      ],
    );
  });
});

describe('one piece of content', () => {
  test('comes whole, with its hashtags and the platforms that its posts went to', async () => {
    const id = await write('Launch', { body: 'See #Café and #日本語', metadata: '{"campaign": 1}', language: 'en' });
    const post = await createPost(world, ada, {
      projectId,
      text: 'It is out',
      schedule: { type: 'at', at: ahead(3_600) },
      publications: [{ accountId }],
    });
    await world.sql('update posts set content_id = $2 where id = $1', [post.id, id]);
    const content = (await get(`/v1/content/${id}`)).json(Content);
    expect(content).toMatchObject({
      title: 'Launch',
      hashtags: ['café', '日本語'],
      metadata: { campaign: 1 },
      version: 1,
    });
    expect(content.publications).toMatchObject([
      { postId: post.id, platform: 'community', platformName: 'Community', state: 'scheduled', url: null },
    ]);
    expect((await get(`/v1/content/${id}`, bob)).status).toBe(404);
  });
});

describe('search', () => {
  let mine: string;
  beforeAll(async () => {
    mine = (await createProject(world, ada, 'Search')).id;
    await write('Nothing of it', { project: mine, body: 'Our dogs were running through the park', language: 'en' });
    await write('Running', { project: mine, body: 'a title says more', language: 'en' });
    await write('By tag', { project: mine, body: '#running', language: 'en' });
    await write('Häuser', { project: mine, body: 'Die Häuser der Stadt', language: 'de' });
    await write('Unsaid', { project: mine, body: 'The runners ran' });
  });
  const find = (q: string, who = ada) => titles({ projectId: mine, q }, who);

  test('finds the forms of a word in the text’s own language, title before hashtag before text', async () => {
    expect(await find('run')).toEqual(['Running', 'By tag', 'Nothing of it']);
    expect(await find('Haus')).toEqual(['Häuser']);
    expect(await find('runners')).toContain('Unsaid');
  });

  test('takes phrases, exclusions and beginnings', async () => {
    expect(await find('"through the park"')).toEqual(['Nothing of it']);
    expect(await find('run -dogs')).toEqual(['Running', 'By tag']);
    expect((await find('runn*')).sort()).toEqual(['By tag', 'Running', 'Unsaid']);
    expect(await find('absent')).toEqual([]);
  });

  test('is one’s own: others’ projects are not found, whatever is asked', async () => {
    expect(await find('run', bob)).toEqual([]);
    expect(await find(`project ${mine}`)).toEqual([]);
    expect(await find(mine)).toEqual([]);
  });

  test('answers anything that can be typed', async () => {
    for (const q of ["'", '"', '\\', ':*', '*', '& | !', '<->', '(((', 'a:*b', "''*", '-*', '𝕏'.repeat(100)])
      await find(q);
  });

  test('pages by how well it fits', async () => {
    const first = (await get(`/v1/content?projectId=${mine}&q=run&limit=2`)).json(Page);
    const second = (await get(`/v1/content?projectId=${mine}&q=run&limit=2&cursor=${first.nextCursor}`)).json(Page);
    expect([...first.data, ...second.data].map(({ title }) => title)).toEqual(['Running', 'By tag', 'Nothing of it']);
    expect(second.nextCursor).toBeNull();
    const wrong = await get(`/v1/content?cursor=${first.nextCursor}`);
    expect([wrong.status, wrong.code]).toEqual([422, 'invalid_cursor']);
  });
});

describe('hashtags', () => {
  const complete = async (prefix: string, who = ada) => {
    const answer = await get(`/v1/hashtags?${new URLSearchParams({ prefix })}`, who);
    return answer.json(z.object({ data: z.array(z.object({ tag: z.string(), uses: z.number() })) })).data;
  };

  test('are completed from one’s own content and posts, most used first, and stay a secret of the project', async () => {
    await write('Secret', { body: '#merger-2027 #mergerwithacme' });
    await write('Again', { body: '#MergerWithAcme' });
    expect(await complete('#Merger')).toEqual([
      { tag: 'mergerwithacme', uses: 2 },
      { tag: 'merger', uses: 1 },
    ]);
    expect(await complete('merger', bob)).toEqual([]);
    const theirs = (await createProject(world, bob)).id;
    await write('Guess', { by: bob, project: theirs, body: '#mergerwithacme' });
    expect(await complete('merger', bob), 'a guess does not tell that others use it').toEqual([
      { tag: 'mergerwithacme', uses: 1 },
    ]);
  });

  test('lead to the posts that have them', async () => {
    const body = (text: string) => ({
      projectId,
      text,
      schedule: { type: 'at' as const, at: ahead(7_200) },
      publications: [{ accountId }],
    });
    const first = await createPost(world, ada, body('For #spring_2027!'));
    await createPost(world, ada, body('For #spring'));
    const third = await createPost(world, ada, body('Again #SPRING_2027'));
    const asked = await get('/v1/posts?hashtag=%23Spring_2027');
    expect(asked.json(pageOf(Post)).data.map(({ id }) => id)).toEqual([third.id, first.id]);
    const one = (await get('/v1/posts?hashtag=spring_2027&limit=1')).json(pageOf(Post));
    const rest = (await get(`/v1/posts?hashtag=spring_2027&limit=1&cursor=${one.nextCursor}`)).json(pageOf(Post));
    expect(rest.data.map(({ id }) => id)).toEqual([first.id]);
    expect((await get('/v1/posts?hashtag=spring_2027', bob)).json(pageOf(Post)).data).toEqual([]);
    expect((await get('/v1/posts?hashtag=two%20words')).status).toBe(422);
  });
});

describe('posts', () => {
  test('are searched by their text', async () => {
    const text = 'An unmistakable walrus, seen at noon';
    const draft = { projectId, text, schedule: { type: 'draft' }, publications: [{ accountId }] };
    const { id } = await createPost(world, ada, draft);
    expect((await get('/v1/posts?q=walrus%20noon')).json(pageOf(Post)).data.map((post) => post.id)).toEqual([id]);
    expect((await get('/v1/posts?q=walr*&status=draft')).json(pageOf(Post)).data).toHaveLength(1);
    expect((await get('/v1/posts?q=walrus&status=scheduled')).json(pageOf(Post)).data).toEqual([]);
    expect((await get('/v1/posts?q=walrus', bob)).json(pageOf(Post)).data).toEqual([]);
    expect((await get('/v1/posts?q=walrus&order=due')).status).toBe(422);
  });

  test('that are due come soonest first, a person’s own if wanted', async () => {
    const mine = (await createProject(world, ada, 'Due')).id;
    const account = (await connectCommunity(world, ada, mine)).id;
    const at = async (seconds: number | null) => {
      const schedule = seconds === null ? { type: 'draft' } : { type: 'at', at: ahead(seconds) };
      return (
        await createPost(world, ada, { projectId: mine, text: 'x', schedule, publications: [{ accountId: account }] })
      ).id;
    };
    const [late, soon, , between] = [await at(9_000), await at(3_000), await at(null), await at(6_000)];
    const first = (await get(`/v1/posts?projectId=${mine}&order=due&limit=2`)).json(pageOf(Post));
    expect(first.data.map(({ id }) => id)).toEqual([soon, between]);
    const rest = await get(`/v1/posts?projectId=${mine}&order=due&limit=2&cursor=${first.nextCursor}`);
    expect(rest.json(pageOf(Post)).data.map(({ id }) => id)).toEqual([late]);
    const { createdBy } = first.data[0] ?? {};
    const own = await get(`/v1/posts?order=due&projectId=${mine}&createdBy=${createdBy}`);
    expect(own.json(pageOf(Post)).data).toHaveLength(3);
    const nobody = await get(`/v1/posts?order=due&projectId=${mine}&createdBy=${mine}`);
    expect(nobody.json(pageOf(Post)).data).toEqual([]);
  });
});
