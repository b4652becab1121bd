/** Every route, asked for the owner's real things by somebody else. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { createProject } from '../support/people.ts';
import { ahead } from '../support/posts.ts';
import {
  needsToken,
  type Sample,
  type Seed,
  sameProblem,
  sampleOf,
  samplesOf,
  seedOwner,
  sendSample,
  tablesOf,
  takesToken,
} from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const routes = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
const withToken = routes.filter(({ contract }) => takesToken(contract));
/** A list that has no pages has no cursor. */
const listShape = z.object({ data: z.array(z.unknown()), nextCursor: z.null().optional() });
const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  samples = samplesOf(seed);
});
afterAll(() => world.close());

/** The same request about things that nobody has. */
function elsewhere(sample: Sample): Sample {
  const others = new Map<string, string>();
  const text = JSON.stringify(sample).replace(uuids, (id) => {
    const other = others.get(id) ?? randomUUID();
    others.set(id, other);
    return other;
  });
  return JSON.parse(text);
}

test('every route has a sample, and every sample a route', () => {
  expect(Object.keys(samples).toSorted()).toEqual(routes.map(({ operation }) => operation).toSorted());
});

describe('without a token', () => {
  test.each(withToken)('$operation', async ({ operation, contract }) => {
    const before = await tablesOf(world);
    const sample = sampleOf(samples, operation);
    const answer = await sendSample(world, contract, sample);
    // Where a token is optional, what is private is missing, and what is everybody's is answered.
    const open = sample.stranger === 'missing' ? [404, 'not_found'] : [200, null];
    expect([answer.status, answer.code]).toEqual(needsToken(contract) ? [401, 'unauthenticated'] : open);
    expect(answer.headers.get('www-authenticate')).toBe(needsToken(contract) ? 'Bearer' : null);
    expect(await tablesOf(world)).toEqual(before);
  });
});

describe('with the token of a stranger', () => {
  test.each(withToken)('$operation', async ({ operation, contract }) => {
    const sample = sampleOf(samples, operation);
    if (sample.stranger === 'own') {
      expect(JSON.stringify(sample).match(uuids), 'names nothing of the owner').toBeNull();
      return;
    }
    const { token } = seed.stranger;
    const before = await tablesOf(world);
    for (const json of sample.bodies ?? [undefined]) {
      const asked = json === undefined ? sample : { ...sample, bodies: [json] };
      const answer = await sendSample(world, contract, asked, { token });
      const missing = await sendSample(world, contract, elsewhere(asked), { token });
      if (sample.stranger === 'empty') {
        expect(answer.json(listShape).data).toEqual([]);
        expect(missing.text).toBe(answer.text);
      } else {
        expect([answer.status, answer.code]).toEqual([404, 'not_found']);
        expect(sameProblem(answer)).toEqual(sameProblem(missing));
        expect([...answer.headers.keys()]).toEqual([...missing.headers.keys()]);
      }
    }
    expect(await tablesOf(world)).toEqual(before);
  });

  test('nothing of the owner is seen in what is everybody’s own', async () => {
    const ids = JSON.stringify(seed).match(uuids) ?? [];
    const own: readonly string[] = JSON.stringify(seed.stranger).match(uuids) ?? [];
    for (const { operation, contract } of withToken.filter(({ contract }) => contract.method === 'GET')) {
      const { params, stranger } = sampleOf(samples, operation);
      if (params !== undefined || stranger === 'missing') continue;
      const { text } = await world.call('GET', contract.path, { token: seed.stranger.token });
      expect(ids.filter((id) => text.includes(id) && !own.includes(id))).toEqual([]);
    }
  });

  test('in a project of one’s own, the account and the medium of another are not there', async () => {
    const { token } = seed.stranger;
    const projectId = (await createProject(world, seed.stranger, 'Mine')).id;
    const post = (accountId: string, mediaId: string) => ({
      projectId,
      text: 'x',
      schedule: { type: 'at', at: ahead(3_600) },
      media: [{ mediaId }],
      publications: [{ accountId }],
    });
    const before = await tablesOf(world);
    for (const path of ['/v1/posts', '/v1/posts/validate']) {
      const theirs = await world.call('POST', path, { token, json: post(seed.accountId, seed.mediaId) });
      const nobodys = await world.call('POST', path, { token, json: post(randomUUID(), randomUUID()) });
      const plain = (text: string) => ({ ...JSON.parse(text.replace(uuids, 'id')), requestId: '' });
      expect([theirs.status, plain(theirs.text)]).toEqual([nobodys.status, plain(nobodys.text)]);
      expect(theirs.text).toContain('unknown_account');
    }
    expect(await tablesOf(world)).toEqual(before);
  });
});

describe('with a token that was not made here', () => {
  test.each(withToken)('$operation', async ({ operation, contract }) => {
    const answer = await sendSample(world, contract, sampleOf(samples, operation), { token: 'aaaa.bbbb.cccc' });
    expect([answer.status, answer.code]).toEqual([401, 'unauthenticated']);
  });
});

describe('the owner, in the end, is let through by every door', () => {
  test('so the refusals above were about the person', async () => {
    for (const [operation, sample] of Object.entries(samples)) {
      const contract = routes.find((route) => route.operation === operation)?.contract;
      if (contract === undefined) throw new Error(`there is no route ${operation}`);
      const open = contract.auth === 'public' || contract.auth === 'page';
      const answer = await sendSample(world, contract, sample, open ? {} : { token: seed.owner.token });
      const [status, code] = sample.owner ?? [contract.status, null];
      expect([operation, answer.status, answer.code, answer.text.slice(0, 300)]).toEqual([
        operation,
        status,
        code,
        answer.text.slice(0, 300),
      ]);
    }
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
