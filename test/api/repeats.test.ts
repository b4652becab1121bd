/** Idempotency-Key, over every POST door that writes: once, twice, 50 times at once, with another body, in another place. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import type { Answer } from '../support/call.ts';
import {
  needsToken,
  pathOf,
  type Sample,
  type Seed,
  sampleOf,
  samplesOf,
  seedOwner,
  sendSample,
  tablesOf,
} from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const posts = endpointsOf(await listDoors()).filter(({ contract }) => contract.method === 'POST');
/** Its key is bound to the caller; people who are not known yet share one name, and their doors have tests of their own. */
const own = [
  ...['logout', 'changeEmail', 'changePassword', 'stepUp', 'createFactor', 'confirmFactor', 'renewRecoveryCodes'],
  ...['beginIdentityProof', 'linkIdentity'],
];
const asked = posts.filter(({ contract, operation }) => needsToken(contract) && !own.includes(operation));
/** The samples of the others end without an effect. */
const effective = asked.filter(
  ({ operation, contract }) =>
    ![
      // It goes on changing while it is made; test/api/me/exports.test.ts asks for one 50 times.
      'createExport',
      'validatePost',
      'retryPublication',
      'resolvePublication',
      'refreshPostAnalytics',
      'leaveProject',
      'acceptInvitation',
      'revealAudit',
    ].includes(operation) &&
    // To the owner these lead nowhere; administrators repeat in test/api/admin.
    !contract.path.startsWith('/v1/admin/'),
);

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
});
afterAll(() => world.close());

async function prepare(): Promise<void> {
  seed = await seedOwner(world);
  samples = samplesOf(seed);
}

const created = z.looseObject({ id: z.string() });
/** Signed anew for every answer: what it grants is the same. */
const granted = z.looseObject({ media: created });

function essence(operation: string, answer: Answer): unknown {
  if (operation === 'createAvatar') return answer.json(created).id;
  return operation === 'createMedia' ? answer.json(granted).media : JSON.parse(answer.text);
}

const inCapitals = (params: Sample['params'] = {}) =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value.toUpperCase()]));

/** Rows of the tables that a caller sees the effect in. */
async function effects(): Promise<unknown> {
  const { idempotency_keys: _, user_sessions: __, ...tables } = await tablesOf(world);
  return tables;
}

describe('a request without effect', () => {
  beforeAll(prepare);

  test.each(asked)('a key that is no key is refused at its place: $operation', async ({ operation, contract }) => {
    const before = await effects();
    for (const key of ['', 'x'.repeat(256), 'a b', 'schlüssel', 'a\tb', 'one,two']) {
      const answer = await sendSample(world, contract, sampleOf(samples, operation), {
        token: seed.owner.token,
        idempotencyKey: key,
      });
      expect([key, answer.status, answer.code]).toEqual([key, 422, 'invalid_request']);
      expect(answer.pointers).toEqual(['/headers/idempotency-key']);
    }
    expect(await effects()).toEqual(before);
  });

  /** Anybody may ask these for themselves: nobody is refused. */
  const forOneself = [
    'createProject',
    'acceptInvitation',
    'createAvatar',
    'createExport',
    'requestDeletion',
    'revealAudit',
  ];

  test.each(asked.filter(({ operation }) => !forOneself.includes(operation)))(
    'a refused request uses no key up: $operation',
    async ({ operation, contract }) => {
      const before = await tablesOf(world);
      const answer = await sendSample(world, contract, sampleOf(samples, operation), {
        token: seed.stranger.token,
        idempotencyKey: randomUUID(),
      });
      expect([answer.status, answer.code]).toEqual([404, 'not_found']);
      expect(await tablesOf(world)).toEqual(before);
    },
  );
});

describe.each(effective)('$operation', ({ operation, contract }) => {
  const send = (idempotencyKey: string, change: Partial<Sample> = {}, token = seed.owner.token) =>
    sendSample(world, contract, { ...sampleOf(samples, operation), ...change }, { token, idempotencyKey });

  beforeEach(async () => {
    await prepare();
    // Who has the only say over projects with other members is not deleted.
    if (operation !== 'requestDeletion') return;
    await world.sql('delete from project_collaborators where user_id = $1', [seed.memberId]);
  });

  test('twice is once, and the first answer again', async () => {
    const key = 'x'.repeat(255);
    const first = await send(key);
    expect([first.status, first.code]).toEqual([contract.status, null]);
    const after = await effects();
    const second = await send(key);
    if (contract.secretAnswer === true) expect([second.status, second.code]).toEqual([409, 'already_done']);
    else {
      expect(second.status).toBe(first.status);
      expect(essence(operation, second)).toEqual(essence(operation, first));
      const told = [first, second].map(({ headers }) => headers.get('idempotency-replayed'));
      expect(told).toEqual([null, 'true']);
      expect(second.headers.get('location')).toBe(first.headers.get('location'));
    }
    expect(await effects()).toEqual(after);
  });

  test.runIf(/Id\}/.test(contract.path))('however the path is written', async () => {
    const [key, sample] = [randomUUID(), sampleOf(samples, operation)];
    const first = await send(key);
    const after = await effects();
    const [plain, json] = [pathOf(contract, sample), sample.bodies?.[0]];
    const capitals = pathOf(contract, { ...sample, params: inCapitals(sample.params) });
    const escaped = plain.replaceAll(
      /[a-f0-9]{12}(?=\/|$)/g,
      (end) => `%${end.charCodeAt(0).toString(16)}${end.slice(1)}`,
    );
    expect(new Set([plain, capitals, escaped]).size).toBe(3);
    for (const path of [capitals, escaped]) {
      const again = await world.call('POST', path, {
        token: seed.owner.token,
        idempotencyKey: key,
        ...(json !== undefined && { json }),
      });
      if (contract.secretAnswer === true) expect([path, again.code]).toEqual([path, 'already_done']);
      else expect([path, essence(operation, again)]).toEqual([path, essence(operation, first)]);
    }
    expect(await effects()).toEqual(after);
  });

  // A post names its medium for itself and for its publication, a reply counts for post and comment, a project has an owner.
  // A transfer changes two members, a rotation two keys: both are logged.
  const logged = ['audit_log', 'audit_unsealed'];
  const twice =
    {
      createPost: ['post_media'],
      createComment: ['counter_deltas'],
      createProject: logged,
      transferProject: logged,
      rotateApiKey: logged,
      requestDeletion: logged,
    }[operation] ?? [];
  test('50 times at once is once', async () => {
    const key = randomUUID();
    const before = await rows();
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(key)));
    const good = answers.filter(({ status }) => status === contract.status);
    const others = answers.filter(({ status }) => status !== contract.status).map(({ code }) => code);
    expect(good.length).toBeGreaterThan(0);
    if (contract.secretAnswer === true) expect(good).toHaveLength(1);
    else expect(new Set(good.map((answer) => JSON.stringify(essence(operation, answer)))).size).toBe(1);
    expect(others.filter((code) => code !== 'idempotency_in_flight' && code !== 'already_done')).toEqual([]);
    if (contract.secretAnswer !== true) expect(others).not.toContain('already_done');
    for (const answer of answers.filter(({ code }) => code === 'idempotency_in_flight')) {
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    const grown = Object.entries(await rows()).filter(([name, count]) => count !== before[name]);
    const once = (name: string) => (twice.some((table) => table === name.replace(/_y\d+m\d+$/, '')) ? 2 : 1);
    expect(grown.map(([name, count]) => [name, count - (before[name] ?? 0)])).toEqual(
      grown.map(([name]) => [name, once(name)]),
    );
  });

  test('with another request is refused and does nothing', async () => {
    const key = randomUUID();
    expect((await send(key)).status).toBe(contract.status);
    const after = await effects();
    const { bodies = [{}] } = sampleOf(samples, operation);
    const other = { ...bodies[0], ...anotherBody(operation) };
    const answer = await send(key, { bodies: [other] });
    expect([answer.status, answer.code]).toEqual([409, 'idempotency_mismatch']);
    expect(await effects()).toEqual(after);
  });

  test('of another person is another key', async () => {
    const key = randomUUID();
    expect((await send(key)).status).toBe(contract.status);
    const answer = await send(key, {}, seed.stranger.token);
    if (sampleOf(samples, operation).stranger === 'missing') expect(answer.code).toBe('not_found');
    else expect([answer.status, answer.code]).toEqual([contract.status, null]);
  });
});

/** How many rows each table has. */
async function rows(): Promise<Readonly<Record<string, number>>> {
  const tables = await tablesOf(world);
  return Object.fromEntries(
    Object.entries(tables).map(([name, content]) => [name, Number(String(content).split(' ')[0])]),
  );
}

/** One field that differs. A door without fields has no other body. */
function anotherBody(operation: string): Record<string, unknown> {
  const texts = {
    createPost: 'text',
    createComment: 'text',
    createProject: 'name',
    createApiKey: 'name',
    createMedia: 'fileName',
    connectAccount: 'handle',
  };
  const field = Object.entries(texts).find(([name]) => name === operation)?.[1];
  if (field !== undefined) return { [field]: 'another' };
  const others: Readonly<Record<string, Record<string, unknown>>> = {
    createAvatar: { bytes: 2_000 },
    requestDeletion: { cancelPending: true },
    createReportLink: { expiresInDays: 2 },
    transferProject: { role: 'editor' },
    createInvitation: { role: 'viewer' },
    rotateApiKey: { overlapS: 61 },
  };
  return others[operation] ?? {};
}

test('the same key on two routes is two keys', async () => {
  await prepare();
  const key = randomUUID();
  for (const operation of ['createProject', 'createMedia', 'createPost']) {
    const contract = posts.find((route) => route.operation === operation)?.contract;
    if (contract === undefined) throw new Error(`there is no route ${operation}`);
    const answer = await sendSample(world, contract, sampleOf(samples, operation), {
      token: seed.owner.token,
      idempotencyKey: key,
    });
    expect([operation, answer.status]).toEqual([operation, contract.status]);
  }
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
