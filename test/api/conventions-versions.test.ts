/** What two people may edit is edited in the version that was seen: every door that edits takes If-Match, as RFC 9110 has it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import type { Answer } from '../support/call.ts';
import {
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

const routes = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
type Route = (typeof routes)[number];

const FLAG = 'one’s own flag: what was set before does not matter';
const NO_EDIT = 'it cannot be edited: to end it twice is to end it once';
const STATE = 'the state decides, and answers wrong_state';
/** Doors that edit something and take no If-Match, with the reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  likeCommunityPost: FLAG,
  unlikeCommunityPost: FLAG,
  revokeUserInvitation: NO_EDIT,
  unlinkIdentity: NO_EDIT,
  revokeSession: NO_EDIT,
  revokeSessions: NO_EDIT,
  deleteComment: NO_EDIT,
  deleteExport: NO_EDIT,
  revokeInvitation: NO_EDIT,
  revokeReportLink: NO_EDIT,
  deleteAvatar: 'the picture is replaced as a whole, by its owner alone',
  cancelDeletion: STATE,
  confirmFactor: STATE,
  leaveProject: 'one goes whatever the project is called by now',
  transferProject: 'it changes members, whose versions are their own',
  demandNewPassword: 'it ends what there is, whoever set it last',
};

const versioned = ({ contract }: Route) =>
  contract.response instanceof z.ZodObject && 'version' in contract.response.shape;
const reads = routes.filter((route) => route.contract.method === 'GET' && versioned(route));
/** The GET whose tag is meant: of the path itself, or of the thing that the path begins with. */
function sourceOf({ contract }: Route): Route | undefined {
  const segments = contract.path.split('/');
  const prefixes = segments.map((_, index) => segments.slice(0, segments.length - index).join('/'));
  return prefixes
    .slice(0, 2)
    .flatMap((path) => reads.filter((read) => read.contract.path === path))
    .at(0);
}
/** A POST that acts on one thing, and does not add to a list of it. */
function actsOnOne({ contract }: Route): boolean {
  const isOfOne = /\}\/[\w-]+$/.test(contract.path);
  const isList = routes.some(({ contract: { method, path } }) => method === 'GET' && path === contract.path);
  const thing = contract.path.replace(/\/[\w-]+$/, '');
  return isOfOne && !isList && reads.some((read) => read.contract.path === thing);
}
const editing = routes.filter(
  (route) =>
    ['PATCH', 'PUT', 'DELETE'].includes(route.contract.method) ||
    (route.contract.method === 'POST' && actsOnOne(route)),
);
/** What takes away comes last. */
const guarded = routes
  .filter(({ contract }) => contract.ifMatch === true)
  .sort((a, b) => Number(a.contract.method === 'DELETE') - Number(b.contract.method === 'DELETE'));
const unguarded = routes.filter(({ contract }) => contract.method !== 'GET' && contract.ifMatch !== true);

test('every door that edits takes If-Match, or there is a reason', () => {
  const silent = editing.filter(
    ({ contract, operation }) => contract.ifMatch !== true && WITHOUT[operation] === undefined,
  );
  expect(silent.map(({ operation }) => operation)).toEqual([]);
  const needless = Object.keys(WITHOUT).filter(
    (name) => !editing.some(({ operation, contract }) => operation === name && contract.ifMatch !== true),
  );
  expect(needless).toEqual([]);
});

test.each(guarded)('$operation: a GET gives the tag that it takes', (route) => {
  expect(sourceOf(route)?.operation).toEqual(expect.any(String));
});

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
  await world.sql(
    `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed)
     values ('nowhere', 'Nowhere', 'https://id.example.com', 'x', 'y') on conflict do nothing`,
  );
  await world.stopWorkers();
  samples = Object.fromEntries(
    Object.entries(samplesOf(seed)).map(([operation, sample]) => [operation, aboutStranger(operation, sample)]),
  );
}, 120_000);
afterAll(() => world.close());

/** Administrators end no session of their own. */
function aboutStranger(operation: string, sample: Sample): Sample {
  const path = routes.find((route) => route.operation === operation)?.contract.path ?? '';
  return path.startsWith('/v1/admin/users/') ? { ...sample, params: { userId: seed.stranger.id } } : sample;
}

const send = ({ operation, contract }: Route, headers: Record<string, string> = {}): Promise<Answer> =>
  sendSample(world, contract, sampleOf(samples, operation), { token: seed.owner.token, headers });

async function tagFor(route: Route): Promise<string> {
  const source = sourceOf(route);
  if (source === undefined) throw new Error(`no GET for ${route.operation}`);
  const path = pathOf(source.contract, { stranger: 'own', params: sampleOf(samples, route.operation).params ?? {} });
  const answer = await world.call('GET', path, { token: seed.owner.token });
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.headers.get('etag') ?? '';
}

/** What only reads leave behind: that somebody looked is noted. */
async function effects() {
  const { audit_log: _, audit_unsealed: __, ...tables } = await tablesOf(world);
  return tables;
}

describe('who edits what was changed meanwhile changes nothing, and who saw what is there does', () => {
  test.each(guarded)('$operation', async (route) => {
    const tag = await tagFor(route);
    expect(tag).toMatch(/^"\d+-[\w-]+"$/);
    const [, version = ''] = /^"(\d+)-/.exec(tag) ?? [];
    const before = await effects();
    const other = `"${Number(version) + 1}-AAAAAAAAAAAAAAAAAAAAAA"`;
    for (const never of [other, `W/${tag}`, '"x"', '"ü"', `${other}, W/${tag}, "a,b"`, `, ${other},,`]) {
      const answer = await send(route, { 'if-match': never });
      expect([never, answer.status, answer.code]).toEqual([never, 412, 'stale']);
    }
    for (const wrong of ['', version, 'x', '"a" "b"', '*, "a"', `w/${tag}`, tag.slice(0, -1), ',', `${tag};q=1`]) {
      const answer = await send(route, { 'if-match': wrong });
      expect([wrong, answer.status, answer.pointers]).toEqual([wrong, 422, ['/headers/if-match']]);
    }
    const many = Array.from({ length: 11 }, (_, index) => `"${index + 5_000}-x"`).join(',');
    expect((await send(route, { 'if-match': many })).pointers).toEqual(['/headers/if-match']);
    expect((await send(route, { 'if-none-match': '*' })).pointers).toEqual(['/headers/if-none-match']);
    expect(await effects()).toEqual(before);
    const fits = await send(route, { 'if-match': `"x", , ${other} ,${tag}` });
    expect([route.operation, fits.code]).not.toEqual([route.operation, 'stale']);
    const last = await send(route, { 'if-match': '*' });
    expect([route.operation, last.code]).not.toEqual([route.operation, 'stale']);
  });
});

test('a condition that nobody would look at is not passed over', async () => {
  for (const route of unguarded) {
    const before = await effects();
    for (const name of ['if-match', 'if-none-match']) {
      const answer = await send(route, { [name]: '"7-AAAAAAAAAAAAAAAAAAAAAA"' });
      const told = [route.operation, answer.status, answer.pointers];
      if (answer.status !== 401) expect(told).toEqual([route.operation, 422, [`/headers/${name}`]]);
    }
    expect(await effects()).toEqual(before);
  }
});
