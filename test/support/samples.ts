/**
 * What the tests that walk all routes know of each: the owner's real ids, and a request that the door would take from the
 * owner. A door without a row in `samples/<area>.ts` fails the walk. The rows stand in the order in which the owner can run
 * all of them.
 */
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import type { Answer, CallOptions } from './call.ts';
import { type AccountsSeed, accountsSamples, seedAccounts } from './samples/accounts.ts';
import { adminSamples } from './samples/admin.ts';
import { analyticsSamples } from './samples/analytics.ts';
import { type ApiKeysSeed, apiKeysSamples, seedApiKeys } from './samples/api-keys.ts';
import { auditSamples } from './samples/audit.ts';
import { type AuthSeed, authSamples, seedAuth } from './samples/auth.ts';
import { type CommunitySeed, communitySamples, seedCommunity } from './samples/community.ts';
import { type ContentSeed, contentSamples, seedContent } from './samples/content.ts';
import { hashtagsSamples } from './samples/hashtags.ts';
import { type InvitationsSeed, invitationsSamples, seedInvitations } from './samples/invitations.ts';
import { type MeSeed, meSamples, seedMe } from './samples/me.ts';
import { type MediaSeed, mediaSamples, seedMedia } from './samples/media.ts';
import { type PostsSeed, postsSamples, seedPosts } from './samples/posts.ts';
import { type ProjectsSeed, projectsSamples, seedProjects } from './samples/projects.ts';
import { publicationsSamples } from './samples/publications.ts';
import { type ReportsSeed, reportsSamples, seedReports } from './samples/reports.ts';
import type { Sample, Samples } from './samples/sample.ts';
import { systemSamples } from './samples/system.ts';
import type { World } from './world.ts';

export type { Fields, Sample } from './samples/sample.ts';

export interface Seed
  extends AuthSeed,
    MeSeed,
    ProjectsSeed,
    InvitationsSeed,
    ApiKeysSeed,
    AccountsSeed,
    MediaSeed,
    PostsSeed,
    ContentSeed,
    CommunitySeed,
    ReportsSeed {}

/** The world must have its workers: one post is published. */
export async function seedOwner(world: World): Promise<Seed> {
  const auth = await seedAuth(world);
  const me = { ...auth, ...(await seedMe(world, auth)) };
  const projects = { ...me, ...(await seedProjects(world, auth)) };
  const invitations = { ...projects, ...(await seedInvitations(world, projects)) };
  const apiKeys = { ...invitations, ...(await seedApiKeys(world, invitations)) };
  const accounts = { ...apiKeys, ...(await seedAccounts(world, apiKeys)) };
  const media = { ...accounts, ...(await seedMedia(world, accounts)) };
  const posts = { ...media, ...(await seedPosts(world, media)) };
  const content = { ...posts, ...(await seedContent(world, posts)) };
  const community = { ...content, ...(await seedCommunity(world, content)) };
  return { ...community, ...(await seedReports(world, community)) };
}

/** What an area's rows need stands before it. */
function areasOf(seed: Seed): readonly Samples[] {
  return [
    systemSamples(),
    authSamples(seed),
    meSamples(seed),
    adminSamples(seed),
    auditSamples(seed),
    projectsSamples(seed),
    invitationsSamples(seed),
    apiKeysSamples(seed),
    accountsSamples(seed),
    mediaSamples(seed),
    postsSamples(seed),
    publicationsSamples(seed),
    contentSamples(seed),
    hashtagsSamples(),
    analyticsSamples(seed),
    communitySamples(seed),
    reportsSamples(seed),
  ];
}

export function samplesOf(seed: Seed): Readonly<Record<string, Sample>> {
  const areas = areasOf(seed);
  const rows = [
    ...areas.map(({ reads }) => reads),
    ...areas.map(({ writes }) => writes),
    ...areas.map(({ ends }) => ends).toReversed(),
  ];
  return Object.assign({}, ...rows);
}

export function sampleOf(samples: Readonly<Record<string, Sample>>, operation: string): Sample {
  const sample = samples[operation];
  if (sample === undefined) throw new Error(`${operation} has no row in test/support/samples`);
  return sample;
}

/** Sends a sample as it is, or changed. */
export function sendSample(world: World, contract: EndpointContract, sample: Sample, options: CallOptions = {}) {
  const [json] = sample.bodies ?? [];
  const body = json === undefined || options.text !== undefined ? {} : { json };
  return world.call(contract.method, pathOf(contract, sample), { ...body, ...options });
}

export function pathOf({ path }: EndpointContract, { params = {}, query }: Sample): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  return query === undefined ? filled : `${filled}?${new URLSearchParams(query)}`;
}

/** The problem without what differs between any two requests. */
export function sameProblem(answer: Answer): unknown {
  const { requestId, instance, ...rest } = z.looseObject({ code: z.string() }).parse(JSON.parse(answer.text));
  return { status: answer.status, ...rest };
}

/** All rows of all tables, for seeing that nothing was written. */
export async function tablesOf(world: World): Promise<Readonly<Record<string, unknown>>> {
  const tables = await world.sql(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' and tablename <> 'rate_counters' order by tablename`,
  );
  const parts = tables.map(
    ({ name }) =>
      `select '${name}' as name, count(*) || ' ' || md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) as rows from ${name} t`,
  );
  const rows = await world.sql(parts.join(' union all '));
  return Object.fromEntries(rows.map(({ name, rows: content }) => [name, content]));
}

/** Whether the door refuses who sends no token. */
export function needsToken({ auth }: EndpointContract): boolean {
  return auth === 'user' || auth === 'person';
}

export function takesToken(contract: EndpointContract): boolean {
  return needsToken(contract) || contract.auth === 'optional';
}
