/**
 * The named points at which the host is killed. Each is armed before the publications of its kill are created; `first`
 * kills once before, so that the recovery itself is what is killed.
 */
import type { SimulatedPlatform } from '../../infra/local/platforms/faults.ts';

type Moment = 'received' | 'applied' | 'answered';

export type Arm =
  /** A point of the local host: `data-api:guardCommits:after`. */
  | { readonly in: 'host'; readonly point: string; readonly skip: number }
  /** A request that the platform holds in its hands. */
  | {
      readonly in: 'platform';
      readonly platform: SimulatedPlatform;
      readonly route: string;
      readonly when: Moment;
      readonly skip: number;
    };

export interface Point {
  readonly name: string;
  /** What dies. */
  readonly kill: 'host' | 'host+postgres';
  readonly arm: Arm;
  readonly first?: Arm;
  /** `later`: some fall due beyond the horizon, so that the tick claims and prepares them. `refresh`: tokens end soon. */
  readonly load?: 'later' | 'refresh';
  /** Between "request sent to the platform" and "answer stored". */
  readonly commitOf?: 'community' | SimulatedPlatform;
}

const host = (point: string, skip = 0): Arm => ({ in: 'host', point, skip });
const at = (platform: SimulatedPlatform, route: string, when: Moment, skip = 0): Arm => ({
  in: 'platform',
  platform,
  route,
  when,
  skip,
});

export const commitRoutes = {
  mastodon: 'POST /api/v1/statuses',
  threads: 'POST /v1.0/{user}/threads_publish',
  bluesky: 'POST /xrpc/com.atproto.repo.createRecord',
} as const;

function commitPoints(platform: SimulatedPlatform, kills: readonly Point['kill'][]): Point[] {
  return (['received', 'applied', 'answered'] as const).map((when, index) => ({
    name: `commit:${platform}:${when}`,
    kill: kills[index] ?? 'host',
    arm: at(platform, commitRoutes[platform], when, 1),
    commitOf: platform,
  }));
}

/** A statement, before it reaches the database and after its answer was made. */
function statement(
  name: string,
  kills: readonly [Point['kill'], Point['kill']],
  more: Partial<Point> & { skip?: number } = {},
): Point[] {
  const { skip = 0, ...rest } = more;
  return [
    { name: `${name}:before`, kill: kills[0], arm: host(`data-api:${name}:before`, skip), ...rest },
    { name: `${name}:after`, kill: kills[1], arm: host(`data-api:${name}:after`, skip), ...rest },
  ];
}

/** Leaves publications whose commit had started, of which the platform has one, and others whose had not. */
const midCommit = at('mastodon', commitRoutes.mastodon, 'applied', 1);
const both = 'host+postgres';

export const points: readonly Point[] = [
  ...commitPoints('mastodon', ['host', both, 'host']),
  ...commitPoints('threads', [both, 'host', both]),
  ...commitPoints('bluesky', ['host', both, 'host']),
  ...statement('publishToCommunity', [both, 'host'], { skip: 1, commitOf: 'community' }),

  ...statement('insertPost', ['host', both], { skip: 3 }),
  ...statement('claimPost', [both, 'host'], { skip: 3 }),
  { name: 'sqs-send:before', kill: 'host', arm: host('sqs:SendMessageBatch:before', 2) },
  { name: 'sqs-send:after', kill: both, arm: host('sqs:SendMessageBatch:after', 2) },
  { name: 'publish-batch:received', kill: both, arm: host('event-source:publish:received', 2) },
  { name: 'publish-batch:done', kill: 'host', arm: host('event-source:publish:done', 1) },

  ...statement('leasePublications', ['host', both], { skip: 1 }),
  ...statement('guardCommits', [both, both], { skip: 1 }),
  { name: 'guardCommits:after, host alone', kill: 'host', arm: host('data-api:guardCommits:after', 2) },
  ...statement('settlePublications', ['host', both], { skip: 1 }),
  ...statement('leasePreparations', [both, 'host']),
  ...statement('storePrepared', ['host', both]),
  { name: 'upload:mastodon:received', kill: 'host', arm: at('mastodon', 'POST /api/v2/media', 'received', 1) },
  { name: 'upload:mastodon:answered', kill: both, arm: at('mastodon', 'POST /api/v2/media', 'answered', 1) },
  { name: 'container:threads:received', kill: both, arm: at('threads', 'POST /v1.0/{user}/threads', 'received', 2) },
  { name: 'container:threads:applied', kill: 'host', arm: at('threads', 'POST /v1.0/{user}/threads', 'applied', 2) },
  { name: 'container-state:threads', kill: 'host', arm: at('threads', 'GET /v1.0/{id}', 'applied', 3) },
  {
    name: 'upload:bluesky:applied',
    kill: both,
    arm: at('bluesky', 'POST /xrpc/com.atproto.repo.uploadBlob', 'applied', 1),
  },

  ...statement('claimDue', ['host', both], { load: 'later', skip: 2 }),
  { name: 'claimPreparations:after', kill: 'host', arm: host('data-api:claimPreparations:after'), load: 'later' },

  ...statement('recoverPublications', ['host', both], { first: midCommit }),
  ...statement('claimAgain', [both, 'host'], { first: midCommit }),
  ...statement('leaseLooks', ['host', both], { first: midCommit }),
  { name: 'claimLooks:after', kill: 'host', arm: host('data-api:claimLooks:after'), first: midCommit },
  {
    name: 'look:mastodon',
    kill: 'host',
    arm: at('mastodon', 'GET /api/v1/accounts/{id}/statuses', 'applied'),
    first: midCommit,
  },
  {
    name: 'settlePublications:before, after a look',
    kill: both,
    arm: host('data-api:settlePublications:before', 1),
    first: midCommit,
  },

  { name: 'claimRefresh:after', kill: both, arm: host('data-api:claimRefresh:after'), load: 'refresh' },
  {
    name: 'refresh:bluesky:applied',
    kill: 'host',
    arm: at('bluesky', 'POST /xrpc/com.atproto.server.refreshSession', 'applied'),
    load: 'refresh',
  },
  ...statement('storeRefreshed', ['host', both], { load: 'refresh' }),
];

/** So many of them, drawn by `random`: a commit of every platform, and both ways to die. */
export function draw(count: number, random: () => number): Point[] {
  const shuffled = points
    .map((point) => ({ point, key: random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ point }) => point);
  const commits = (['community', 'mastodon', 'threads', 'bluesky'] as const).flatMap((platform) =>
    shuffled.filter((point) => point.commitOf === platform).slice(0, 1),
  );
  const others = shuffled.filter((point) => !commits.includes(point));
  const missing = (['host', both] as const).filter((kill) => commits.every((point) => point.kill !== kill));
  const needed = missing.flatMap((kill) => others.filter((point) => point.kill === kill).slice(0, 1));
  const rest = others.filter((point) => !needed.includes(point));
  return [...commits, ...needed, ...rest].slice(0, count);
}
