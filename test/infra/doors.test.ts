import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { listDoors } from '../../infra/doors.ts';

const sampleRoot = fileURLToPath(new URL('./sample-doors', import.meta.url));
const made: string[] = [];

afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true });
});

async function rootWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'doors-'));
  made.push(root);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text);
  }
  return root;
}

function endpoint(method: string, route: string): string {
  const contract = {
    kind: 'endpoint',
    method,
    path: route,
    auth: 'public',
    summary: '',
    status: 200,
    errors: [],
    uses: {},
  };
  return `export const handler = Object.assign(async () => ({}), { contract: ${JSON.stringify(contract)} });`;
}

function worker(rest: object): string {
  const contract = { kind: 'worker', queue: 'publish', batch: 1, summary: '', uses: {}, ...rest };
  return `export const handler = Object.assign(async () => ({}), { contract: ${JSON.stringify(contract)} });`;
}

describe('the folder is the list of doors', () => {
  test('every file under an area is one door, by area and name', async () => {
    const doors = await listDoors(sampleRoot);
    expect(doors.map(({ area, name, operation }) => `${area}/${name} ${operation}`)).toEqual([
      'auth/register register',
      'media/ask-for-upload askForUpload',
      'media/delete-media deleteMedia',
      'posts/create-post createPost',
      'posts/get-post getPost',
      'schedules/dispatch-due dispatchDue',
      'schedules/sweep sweep',
      'system/default default',
      'system/docs docs',
      'workers/media media',
      'workers/metrics metrics',
      'workers/publish publish',
    ]);
    const create = doors.find((door) => door.operation === 'createPost');
    expect(create?.file).toBe(path.join(sampleRoot, 'posts/create-post.ts'));
    expect(create?.contract).toMatchObject({ kind: 'endpoint', method: 'POST', path: '/v1/posts' });
    expect(create?.contract).toBe(create?.handler.contract);
  });

  test('what is no door is left alone: the kit, and files that are not TypeScript', async () => {
    const root = await rootWith({
      '_kit/endpoint.ts': 'throw new Error("imported");',
      'posts/README.md': '# Posts',
      'posts/list-posts.ts': endpoint('GET', '/v1/posts'),
    });
    expect((await listDoors(root)).map((door) => door.operation)).toEqual(['listPosts']);
  });

  test('the doors of this project can all be read', async () => {
    for (const door of await listDoors()) expect(door.operation).toMatch(/^[a-z][A-Za-z0-9]*$/);
  });
});

describe('a file that is no proper door stops everything, by its path', () => {
  const cases: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ['no handler', { 'posts/list-posts.ts': 'export const other = 1;' }, /list-posts\.ts: a door exports one constant/],
    ['no contract', { 'posts/list-posts.ts': 'export const handler = () => 1;' }, /a door exports one constant/],
    [
      'a second export',
      { 'posts/list-posts.ts': `${endpoint('GET', '/v1/posts')} export const more = 1;` },
      /a door exports one constant/,
    ],
    ['a name in camelCase', { 'posts/listPosts.ts': endpoint('GET', '/v1/posts') }, /listPosts\.ts: .*kebab-case/],
    ['a worker among endpoints', { 'posts/publish.ts': worker({}) }, /functions\/posts holds endpoint doors only/],
    [
      'an endpoint among workers',
      { 'workers/a.ts': endpoint('GET', '/a') },
      /functions\/workers holds worker doors only/,
    ],
    [
      'a large batch without a window',
      { 'workers/publish.ts': worker({ batch: 11 }) },
      /window of at least one second/,
    ],
    ['half a default route', { 'system/rest.ts': endpoint('GET', '$default') }, /together/],
    [
      'one operation twice',
      { 'posts/list.ts': endpoint('GET', '/posts'), 'media/list.ts': endpoint('GET', '/media') },
      /operation "list" is claimed twice: .*media.list\.ts and .*posts.list\.ts/,
    ],
    [
      'one route twice, under two parameter names',
      { 'posts/get-post.ts': endpoint('GET', '/posts/{id}'), 'posts/read-post.ts': endpoint('GET', '/posts/{postId}') },
      /route "GET \/posts\/\{\}" is claimed twice/,
    ],
    ['one queue twice', { 'workers/a.ts': worker({}), 'workers/b.ts': worker({}) }, /queue "publish" is claimed twice/],
  ];
  test.each(cases)('%s', async (_, files, message) => {
    await expect(listDoors(await rootWith(files))).rejects.toThrow(message);
  });
});
