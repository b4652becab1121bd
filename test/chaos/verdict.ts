/** The judge: counts on the platforms themselves, and compares the calls they saw with the ledger of attempts. */
import { z } from 'zod';
import type { SeenRequest } from '../../infra/local/platforms/control-client.ts';
import { Publication } from '../../shared/publications/shapes.ts';
import type { Load, Wanted } from './load.ts';
import { commitRoutes } from './points.ts';
import type { Stage } from './stage.ts';

export interface Verdict {
  readonly lost: readonly string[];
  readonly double: readonly string[];
  /** None of our platforms declares that it cannot look, so each one is a violation. */
  readonly unknown: readonly string[];
  /** Whatever else is not as it must be, one line each. */
  readonly violations: readonly string[];
}

const containerRoute = 'POST /v1.0/{user}/threads';

export async function judge(stage: Stage, load: Load): Promise<Verdict> {
  const texts = await textsOnPlatforms(stage);
  const onPlatform = new Map(load.wanted.map((wanted) => [wanted, texts.get(wanted.platform) ?? []]));
  const count = (wanted: Wanted) => (onPlatform.get(wanted) ?? []).filter((text) => text.includes(wanted.tag)).length;
  const named = (list: readonly Wanted[]) => list.map(({ platform, tag }) => `${platform} ${tag}`);
  const publications = await readPublications(stage, load);
  const requests = await stage.judge.requests();
  return {
    lost: named(load.wanted.filter((wanted) => count(wanted) === 0)),
    double: named(load.wanted.filter((wanted) => count(wanted) > 1)),
    unknown: publications.filter(({ state }) => state === 'unknown').map(({ platform, text }) => `${platform} ${text}`),
    violations: [
      ...(await postsOncePerKey(stage, load)),
      ...(await deadLetters(stage)),
      ...publications.flatMap((publication) => [
        ...stateOf(publication),
        ...unfinished(publication),
        ...callsOf(publication, requests),
      ]),
    ],
  };
}

/** Every tag of all kills once more: what a late call may have doubled. */
export async function recount(stage: Stage, wanted: readonly Wanted[]): Promise<string[]> {
  const texts = await textsOnPlatforms(stage);
  return wanted.flatMap(({ platform, tag }) => {
    const found = (texts.get(platform) ?? []).filter((text) => text.includes(tag)).length;
    return found === 1 ? [] : [`${platform} ${tag}: ${found} times in the end`];
  });
}

async function textsOnPlatforms(stage: Stage): Promise<Map<string, string[]>> {
  const posts = await stage.judge.posts();
  const texts = new Map<string, string[]>();
  for (const { platform, text } of posts) texts.set(platform, [...(texts.get(platform) ?? []), text]);
  const own = await stage.sql(
    z.object({ text: z.string() }),
    'select text from community_posts where deleted_at is null',
  );
  return texts.set(
    'community',
    own.map(({ text }) => text),
  );
}

/** A create that was repeated under its Idempotency-Key has made one post. */
async function postsOncePerKey(stage: Stage, load: Load): Promise<string[]> {
  const rows = await stage.sql(
    z.object({ key: z.string(), posts: z.number() }),
    `select k.key, count(p.id)::integer as posts
     from unnest($1::text[]) as k(key) left join posts p on p.metadata ->> 'key' = k.key group by k.key`,
    [load.keys],
  );
  return rows.filter(({ posts }) => posts !== 1).map(({ key, posts }) => `the create ${key} made ${posts} posts`);
}

async function readPublications(stage: Stage, load: Load): Promise<z.output<typeof Publication>[]> {
  const rows = await stage.sql(
    z.object({ id: z.string() }),
    `select pp.id from post_publications pp join posts p on p.id = pp.post_id where p.metadata ->> 'key' = any ($1::text[])`,
    [load.keys],
  );
  const api = await stage.api();
  return Promise.all(rows.map(({ id }) => api.call('GET', `/v1/publications/${id}`, Publication)));
}

type Read = z.output<typeof Publication>;

function stateOf({ platform, text, state, url, platformPostId, failure }: Read): string[] {
  if (state === 'unknown') return [];
  if (state !== 'published') return [`${platform} ${text} is ${state}: ${JSON.stringify(failure)}`];
  return url === null || platformPostId === null ? [`${platform} ${text} is published without evidence`] : [];
}

function unfinished({ platform, text, attempts }: Read): string[] {
  return attempts
    .filter(({ outcome, finishedAt }) => outcome === null || finishedAt === null)
    .map(({ kind }) => `${platform} ${text} has a ${kind} attempt without an end`);
}

async function deadLetters(stage: Stage): Promise<string[]> {
  const queues = await stage.host().queues();
  return Object.entries(queues)
    .filter(([name, { visible }]) => name.endsWith('dead-letters') && visible > 0)
    .map(([name, { visible }]) => `${visible} messages in ${name}`);
}

/**
 * The platform's own idempotency hides a second commit from the count, so the calls are counted too: as many as attempts
 * that passed the guard, and a further attempt only after the last one was refused or proven absent.
 */
function callsOf({ platform, text, attempts }: Read, requests: readonly SeenRequest[]): string[] {
  const begun = attempts.filter(({ kind, commitStartedAt }) => kind === 'publish' && commitStartedAt !== null);
  const wrong: string[] = [];
  const calls = isOutside(platform) ? commitCalls(platform, text, requests) : 0;
  if (calls > begun.length)
    wrong.push(`${platform} ${text}: ${calls} commit calls by ${begun.length} guarded attempts`);
  begun.slice(0, -1).forEach((attempt, index) => {
    const from = attempts.indexOf(attempt);
    const to = attempts.indexOf(begun[index + 1] ?? attempt);
    const between = attempts.slice(from, to).map(({ outcome }) => outcome);
    if (between.includes('absent') || between.includes('refused')) return;
    wrong.push(`${platform} ${text}: committed again after ${between.join(', ')}`);
  });
  return wrong;
}

function isOutside(platform: string): platform is keyof typeof commitRoutes {
  return platform in commitRoutes;
}

function commitCalls(platform: keyof typeof commitRoutes, text: string, requests: readonly SeenRequest[]): number {
  const containers = new Set(
    requests
      .filter(
        ({ route, request }) => route === containerRoute && new URLSearchParams(request ?? '').get('text') === text,
      )
      .map(({ answer }) => idOf(answer)),
  );
  return requests.filter(({ platform: on, route, request }) => {
    if (on !== platform || route !== commitRoutes[platform] || request === null) return false;
    if (platform === 'threads') return containers.has(new URLSearchParams(request).get('creation_id') ?? '');
    return request.includes(JSON.stringify(text));
  }).length;
}

function idOf(answer: string | null): string | undefined {
  return answer === null ? undefined : z.object({ id: z.string().optional() }).parse(JSON.parse(answer)).id;
}
