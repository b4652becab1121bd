/** Watches a post from scheduled to published, and shows each change against the due second. */
import { z } from 'zod';
import { type Api, until } from './api.ts';
import { say, step } from './screen.ts';

const summary = z.object({ id: z.string(), accountId: z.string(), platform: z.string(), state: z.string() });
export const post = z.object({
  id: z.string(),
  status: z.string(),
  dueAt: z.string(),
  publications: z.array(summary),
});
export type Post = z.output<typeof post>;

const publication = z.object({
  id: z.string(),
  platform: z.string(),
  state: z.string(),
  dueAt: z.string(),
  scheduledAt: z.string().nullable(),
  queuedAt: z.string().nullable(),
  publishingAt: z.string().nullable(),
  publishedAt: z.string().nullable(),
  platformPostId: z.string().nullable(),
  url: z.string().nullable(),
  failure: z.unknown(),
});
export type Publication = z.output<typeof publication>;

const WITHIN_MS = 40_000;
/** `publishing` may last no longer than this: from here on the post is asked for all the time. */
const CLOSE_MS = 1_000;
const CLOSE_PAUSE_MS = 25;
const FAR_PAUSE_MS = 200;

/** Watches until all are settled; throws where one is not published. */
export async function watch(api: Api, created: Post): Promise<Publication[]> {
  const dueMs = Date.parse(created.dueAt);
  const seen = new Map<string, string>();
  const get = async () => {
    const now = await api.call('GET', `/v1/posts/${created.id}`, post);
    showChanges(now, seen, Date.now() - dueMs);
    return now;
  };
  showChanges(created, seen, Date.now() - dueMs);
  await until(
    'publishing',
    WITHIN_MS,
    get,
    ({ status }) => ['published', 'partial', 'failed'].includes(status),
    () => (Date.now() < dueMs - CLOSE_MS ? FAR_PAUSE_MS : CLOSE_PAUSE_MS),
  );
  const all = await Promise.all(
    created.publications.map(({ id }) => api.call('GET', `/v1/publications/${id}`, publication)),
  );
  say('           as recorded, in seconds from the due second:');
  for (const one of all) {
    const at = (instant: string | null) => (instant === null ? '–' : offset(Date.parse(instant) - dueMs));
    const instants = `scheduled ${at(one.scheduledAt)}, queued ${at(one.queuedAt)}, publishing ${at(one.publishingAt)}, published ${at(one.publishedAt)}`;
    say(`           ${one.platform.padEnd(9)} ${instants}`);
    if (one.state !== 'published') throw new Error(`${one.platform} is ${one.state}: ${JSON.stringify(one.failure)}`);
  }
  return all;
}

/** One line for each state that somebody came to since the last look. */
function showChanges(now: Post, seen: Map<string, string>, sinceDueMs: number): void {
  const changed = now.publications.filter(({ id, state }) => seen.get(id) !== state);
  for (const state of new Set(changed.map((one) => one.state))) {
    const names = changed.filter((one) => one.state === state).map(({ platform }) => platform);
    step(`due ${offset(sinceDueMs)} s  ${state.padEnd(10)} ${names.join(', ')}`);
  }
  for (const { id, state } of changed) seen.set(id, state);
}

function offset(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${(Math.abs(ms) / 1000).toFixed(2)}`;
}
