/** Cursors of every list: opaque, made for one list and its filters, and good for nothing when touched. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { errorsOf } from '../../functions/_kit/endpoint.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';

const lists = endpointsOf(await listDoors()).filter(({ contract }) =>
  Object.hasOwn(contract.query?.shape ?? {}, 'cursor'),
);
const page = z.object({ data: z.array(z.looseObject({ id: z.string() })), nextCursor: z.string().nullable() });

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world, 'Ada Lists');
  for (let turn = 0; turn < 5; turn++) await createProject(world, ada, `Project ${turn}`);
});
afterAll(() => world.close());

const list = async (query = '') => world.call('GET', `/v1/projects?limit=2${query}`, { token: ada.token });
const first = async () => (await list()).json(page).nextCursor ?? '';

test.each(lists)('is signed, so its door may read the key: $operation', ({ contract }) => {
  expect(contract.uses.secrets).toContain('cursorKey');
  expect(errorsOf(contract)).toContain('invalid_cursor');
});

test('pages follow one another while rows are added', async () => {
  const seen: string[] = [];
  let next: string | null = '';
  for (let turn = 0; next !== null; turn++) {
    const { data, nextCursor }: z.output<typeof page> = (await list(next && `&cursor=${next}`)).json(page);
    seen.push(...data.map(({ id }) => id));
    next = nextCursor;
    if (turn === 0) await createProject(world, ada, 'Added meanwhile');
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toHaveLength(5);
});

test('another page size goes on with the same cursor', async () => {
  const answer = await world.call('GET', `/v1/projects?limit=3&cursor=${await first()}`, { token: ada.token });
  expect(answer.json(page).data).toHaveLength(3);
});

describe('is refused, with its place named,', () => {
  const refused = async (path: string) => {
    const answer = await world.call('GET', path, { token: ada.token });
    expect([path, answer.status, answer.code]).toEqual([path, 422, 'invalid_cursor']);
    expect(answer.pointers).toEqual(['/query/cursor']);
  };

  test('when any of its characters was changed', async () => {
    const cursor = await first();
    for (let at = 0; at < cursor.length; at++) {
      const other = cursor.charAt(at) === 'A' ? 'B' : 'A';
      await refused(`/v1/projects?cursor=${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`);
    }
  });

  test('when it was cut, lengthened or left empty', async () => {
    const cursor = await first();
    for (const wrong of ['', '.', cursor.slice(0, -1), cursor.split('.')[0] ?? '', `${cursor}A`, `${cursor}.A`]) {
      await refused(`/v1/projects?cursor=${wrong}`);
    }
  });

  test('when its signature is as long, but of other characters', async () => {
    const [place] = (await first()).split('.');
    for (const mark of ['é', '€', '\u200b', '\ufffd', '%'].map((one) => encodeURIComponent(one.repeat(22))))
      await refused(`/v1/projects?cursor=${place}.${mark}`);
    await refused(`/v1/projects?cursor=${place}.${encodeURIComponent('🥨'.repeat(11))}`);
  });

  test('by another list, and by the same with other filters', async () => {
    await refused(`/v1/media?cursor=${await first()}`);
    const [project] = (await list()).json(page).data;
    for (const fileName of ['one.jpg', 'two.jpg']) {
      const json = { projectId: project?.id, fileName, mimeType: 'image/jpeg', bytes: 1_000 };
      expect((await world.call('POST', '/v1/media', { token: ada.token, json })).status).toBe(201);
    }
    const media = await world.call('GET', `/v1/media?limit=1&projectId=${project?.id}`, { token: ada.token });
    const cursor = media.json(page).nextCursor ?? '';
    await refused(`/v1/media?cursor=${cursor}`);
    await refused(`/v1/media?cursor=${cursor}&projectId=${project?.id}&status=ready`);
    const same = `/v1/media?cursor=${cursor}&projectId=${project?.id}&limit=1`;
    expect((await world.call('GET', same, { token: ada.token })).status).toBe(200);
  });

  test('by the list of another project', async () => {
    const [one, two] = (await list()).json(page).data;
    for (const email of ['one@example.com', 'two@example.com']) {
      const path = `/v1/projects/${one?.id}/invitations`;
      expect((await world.call('POST', path, { token: ada.token, json: { email, role: 'viewer' } })).status).toBe(201);
    }
    const first = await world.call('GET', `/v1/projects/${one?.id}/invitations?limit=1`, { token: ada.token });
    const cursor = first.json(page).nextCursor;
    await refused(`/v1/projects/${two?.id}/invitations?limit=1&cursor=${cursor}`);
  });
});
