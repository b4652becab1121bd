/**
 * What the tests that walk all routes know of each: the owner's real ids, and a request that the door would take from the
 * owner. A door without a row here fails the walk. The rows stand in the order in which the owner can run all of them.
 */
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { pageOf } from '../../shared/paging/rules.ts';
import type { Answer, CallOptions } from './call.ts';
import { type Cast, castOf, createProject, login } from './people.ts';
import { ahead, connectCommunity, createPost, eventually, getPublication } from './posts.ts';
import type { World } from './world.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Sample {
  readonly params?: Readonly<Record<string, string>>;
  /** A filter by the owner's ids, for lists. */
  readonly query?: Readonly<Record<string, string>>;
  /** Bodies that the door takes, one for each form that it has. */
  readonly bodies?: readonly Fields[];
  /**
   * What a stranger gets who sends this. `missing`: 404, as for ids that nothing has. `empty`: a list without items.
   * `own`: the stranger's own things, or the same as everybody.
   */
  readonly stranger: 'missing' | 'empty' | 'own';
  /** What the owner gets, where it is not the declared success: status and code. */
  readonly owner?: readonly [status: number, code: string];
}

export interface Seed extends Cast {
  readonly projectId: string;
  readonly accountId: string;
  readonly spareAccountId: string;
  readonly mediaId: string;
  readonly postId: string;
  readonly publicationId: string;
  readonly contentId: string;
  /** Seen by the owner alone. */
  readonly communityPostId: string;
  readonly commentId: string;
  readonly reportLinkId: string;
  readonly reportToken: string;
  readonly sessionId: string;
  /** An origin that may be called although it is on this machine. */
  readonly origin: string;
}

/** The world must have its workers: one post is published. */
export async function seedOwner(world: World): Promise<Seed> {
  const cast = await castOf(world);
  const { owner } = cast;
  const projectId = (await createProject(world, owner)).id;
  const accountId = (await connectCommunity(world, owner, projectId)).id;
  const spare = (await createProject(world, owner, 'Spare')).id;
  const spareAccountId = (await connectCommunity(world, owner, spare)).id;
  const make = async <S extends z.ZodType>(path: string, json: unknown, shape: S) => {
    const answer = await world.call('POST', path, { token: owner.token, json });
    if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.text}`);
    return answer.json(shape);
  };
  const withId = z.looseObject({ id: z.string() });
  const { media } = await make('/v1/media', uploadOf(projectId), z.looseObject({ media: withId }));
  const post = await createPost(world, owner, postBody(projectId, accountId));
  const communityPostId = await publishPrivately(world, owner, { projectId, accountId });
  const { comment } = await make(
    `/v1/community/posts/${communityPostId}/comments`,
    { text: 'Mine' },
    z.looseObject({ comment: withId }),
  );
  const report = await make(`/v1/posts/${post.id}/report-links`, {}, withId.extend({ url: z.string() }));
  return {
    ...cast,
    projectId,
    accountId,
    spareAccountId,
    mediaId: media.id,
    postId: post.id,
    publicationId: post.publications[0]?.id ?? '',
    contentId: await addContent(world, projectId),
    communityPostId,
    commentId: comment.id,
    reportLinkId: report.id,
    reportToken: report.url.split('/').at(-1) ?? '',
    sessionId: await otherSession(world, owner),
    origin: world.origin,
  };
}

async function publishPrivately(world: World, owner: Cast['owner'], ids: { projectId: string; accountId: string }) {
  const post = await createPost(world, owner, {
    projectId: ids.projectId,
    text: 'For me alone',
    schedule: { type: 'now' },
    publications: [{ accountId: ids.accountId, options: { visibility: 'private' } }],
  });
  const publicationId = post.publications[0]?.id ?? '';
  const ask = () => getPublication(world, owner, publicationId);
  const { platformPostId } = await eventually(ask, ({ state }) => state === 'published');
  return platformPostId ?? '';
}

/** There is no door yet that writes content. */
async function addContent(world: World, projectId: string): Promise<string> {
  const text = `insert into content (project_id, created_by, title, body)
    select id, created_by, 'Plan', 'A #plan' from projects where id = $1 returning id`;
  const [row] = await world.sql(text, [projectId]);
  return String(row?.id);
}

async function otherSession(world: World, owner: Cast['owner']): Promise<string> {
  await login(world, owner.email);
  const sessions = await world.call('GET', '/v1/auth/sessions', { token: owner.token });
  const shape = pageOf(z.looseObject({ id: z.string(), current: z.boolean() }));
  return sessions.json(shape).data.find(({ current }) => !current)?.id ?? '';
}

const uploadOf = (projectId: string) => ({ projectId, fileName: 'cat.jpg', mimeType: 'image/jpeg', bytes: 1_000 });

function postBody(projectId: string, accountId: string, schedule: Fields = { type: 'at', at: ahead(86_400) }) {
  return { projectId, text: 'Hello', schedule, publications: [{ accountId }] };
}

export function samplesOf(seed: Seed): Readonly<Record<string, Sample>> {
  return { ...systemSamples(seed), ...readSamples(seed), ...writeSamples(seed), ...endSamples(seed) };
}

function systemSamples({ reportToken, owner }: Seed): Record<string, Sample> {
  const stranger = 'own';
  const { email, password } = owner;
  return {
    getHealth: { stranger },
    getOpenapi: { stranger },
    getDocs: { stranger },
    getDocsAsset: { stranger, params: { file: 'swagger-ui.css' } },
    listPlatforms: { stranger },
    callback: { stranger, query: { state: 'nobody-began-this', code: 'x' }, owner: [400, 'invalid_state'] },
    getReport: { stranger, params: { token: reportToken } },
    showVerifyEmail: { stranger, params: { token: 'x'.repeat(43) } },
    register: { stranger, bodies: [{ email: 'new@example.com', password, displayName: 'New' }] },
    verifyEmail: { stranger, bodies: [{ token: 'x'.repeat(43) }], owner: [400, 'invalid_token'] },
    login: { stranger, bodies: [{ email, password }] },
    refresh: { stranger, bodies: [{ refreshToken: 'phr_x' }], owner: [401, 'invalid_refresh_token'] },
  };
}

function readSamples(seed: Seed): Record<string, Sample> {
  const { projectId, postId, communityPostId } = seed;
  const filter = { query: { projectId }, stranger: 'empty' } as const;
  return {
    getMe: { stranger: 'own' },
    listSessions: { stranger: 'own' },
    listProjects: { stranger: 'empty' },
    getProject: { params: { projectId }, stranger: 'missing' },
    listAccounts: filter,
    getAccount: { params: { accountId: seed.accountId }, stranger: 'missing' },
    listMedia: filter,
    getMedia: { params: { mediaId: seed.mediaId }, stranger: 'missing' },
    listPosts: { query: { projectId, accountId: seed.accountId }, stranger: 'empty' },
    listContent: { query: { projectId, q: 'plan' }, stranger: 'empty' },
    listContentTitles: { stranger: 'empty' },
    listNewestByAuthor: { query: { projectId }, stranger: 'empty' },
    getContent: { params: { contentId: seed.contentId }, stranger: 'missing' },
    listHashtags: { query: { prefix: 'plan' }, stranger: 'empty' },
    getPost: { params: { postId }, stranger: 'missing' },
    getPublication: { params: { publicationId: seed.publicationId }, stranger: 'missing' },
    getPostAnalytics: { params: { postId }, stranger: 'missing' },
    getCommunityPost: { params: { communityPostId }, stranger: 'missing' },
    listComments: { params: { communityPostId }, stranger: 'missing' },
    listPopularPosts: { stranger: 'own' },
    searchCommunityPosts: { query: { q: 'alone' }, stranger: 'empty' },
  };
}

function writeSamples(seed: Seed): Record<string, Sample> {
  const { projectId, accountId, postId, publicationId, communityPostId, origin: baseUrl } = seed;
  const [params, stranger] = [{ publicationId }, 'missing'] as const;
  const wallTime = { type: 'at', at: '2999-07-01T18:00:00', timeZone: 'Europe/Berlin' };
  const rich = {
    ...postBody(projectId, accountId, wallTime),
    media: [{ mediaId: seed.mediaId, altText: 'A cat' }],
    publications: [{ accountId, text: 'Own', media: [{ mediaId: seed.mediaId, altText: 'Cat' }], options: {} }],
    externalId: 'walk',
    metadata: { campaign: 'walk' },
  };
  const posts = [rich, ...[{ type: 'draft' }, { type: 'now' }].map((when) => postBody(projectId, accountId, when))];
  return {
    createProject: { bodies: [{ name: 'Walk', description: 'All routes', timeZone: 'UTC' }], stranger: 'own' },
    updateProject: { params: { projectId }, bodies: [{ name: 'N', description: 'D', timeZone: 'UTC' }], stranger },
    connectAccount: {
      bodies: [
        { platform: 'community', projectId, handle: `walker-${projectId.slice(-8)}` },
        { platform: 'bluesky', projectId, identifier: 'a.b', appPassword: 'abcd-efgh-ijkl-mnop', baseUrl },
        { platform: 'mastodon', projectId, baseUrl },
        { platform: 'threads', projectId },
      ],
      stranger,
    },
    createMedia: { bodies: [uploadOf(projectId)], stranger },
    validatePost: { bodies: posts, stranger },
    createPost: { bodies: posts, stranger },
    refreshPostAnalytics: { params: { postId }, stranger, owner: [409, 'wrong_state'] },
    retryPublication: { params, stranger, owner: [409, 'wrong_state'] },
    resolvePublication: {
      params,
      bodies: [{ outcome: 'live', url: 'https://example.com/1', platformPostId: '1' }, { outcome: 'not_live' }],
      stranger,
      owner: [409, 'wrong_state'],
    },
    likeCommunityPost: { params: { communityPostId }, stranger },
    unlikeCommunityPost: { params: { communityPostId }, stranger },
    createComment: {
      params: { communityPostId },
      bodies: [{ text: 'Fine', parentId: seed.commentId }],
      stranger,
    },
    createReportLink: { params: { postId }, bodies: [{ expiresInDays: 1 }], stranger },
  };
}

function endSamples(seed: Seed): Record<string, Sample> {
  const stranger = 'missing';
  return {
    deleteComment: { params: { commentId: seed.commentId }, stranger },
    revokeReportLink: { params: { reportLinkId: seed.reportLinkId }, stranger },
    cancelPost: { params: { postId: seed.postId }, stranger },
    deleteMedia: { params: { mediaId: seed.mediaId }, stranger, owner: [409, 'in_use'] },
    disconnectAccount: { params: { accountId: seed.spareAccountId }, stranger },
    deleteProject: { params: { projectId: seed.projectId }, stranger, owner: [409, 'in_use'] },
    revokeSession: { params: { sessionId: seed.sessionId }, stranger },
    logout: { stranger: 'own' },
  };
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
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by tablename`,
  );
  const parts = tables.map(
    ({ name }) =>
      `select '${name}' as name, count(*) || ' ' || md5(coalesce(string_agg(t::text, chr(10) order by t::text), '')) as rows from ${name} t`,
  );
  const rows = await world.sql(parts.join(' union all '));
  return Object.fromEntries(rows.map(({ name, rows: content }) => [name, content]));
}
