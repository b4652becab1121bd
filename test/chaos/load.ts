/** Many publications at once, made through the HTTP API by a client that repeats what was not answered. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Project, Stage } from './stage.ts';
import { type Platform, platformNames } from './stage.ts';

export interface Wanted {
  readonly platform: Platform;
  readonly accountId: string;
  /** Stands in its text and in no other one. */
  readonly tag: string;
}

interface Create {
  /** Idempotency-Key, and `metadata.key` of the post. */
  readonly key: string;
  readonly body: unknown;
  /** Null: not answered yet. */
  postId: string | null;
}

export interface Load {
  readonly wanted: readonly Wanted[];
  readonly keys: readonly string[];
  /** Sends what was not answered; true when everything is. What a dying host answers counts as no answer. */
  create(): Promise<boolean>;
  /** Posts that were answered at the first call of `create`. */
  accepted(): number;
}

const made = z.object({ id: z.string() });
const laterS = 300;

/** Per project: text at once; text, photos and a video in four seconds; photos at once; with `later` two more for the tick. */
export function makeLoad(stage: Stage, kind: 'now' | 'later' | 'refresh'): Load {
  const wanted: Wanted[] = [];
  const creates: Create[] = [];
  const now = { type: 'now' } as const;
  const inS = (seconds: number) => ({
    type: 'at' as const,
    at: new Date(Date.now() + stage.offsetMs() + seconds * 1000).toISOString(),
  });
  for (const project of stage.projects) {
    const add = (schedule: () => unknown, mediaOf: (platform: Platform) => readonly string[]) => {
      const { publications, tags } = publicationsOf(project, mediaOf);
      wanted.push(...tags);
      const key = randomUUID();
      creates.push({
        key,
        body: { projectId: project.id, schedule: schedule(), metadata: { key }, publications },
        postId: null,
      });
    };
    add(
      () => now,
      () => [],
    );
    add(
      () => inS(4),
      (platform) => [platform === 'threads' ? project.video : project.photo],
    );
    add(
      () => now,
      () => [project.photo],
    );
    if (kind !== 'later') continue;
    add(
      () => inS(laterS),
      (platform) => [platform === 'mastodon' ? project.video : project.photo],
    );
    add(
      () => inS(laterS + 1),
      () => [],
    );
  }
  let accepted: number | null = null;
  return {
    wanted,
    keys: creates.map(({ key }) => key),
    accepted: () => accepted ?? 0,
    create: async () => {
      const open = creates.filter(({ postId }) => postId === null);
      if (open.length === 0) return true;
      const api = await stage.api().catch(() => null);
      if (api !== null) {
        await Promise.all(
          open.map(async (create) => {
            create.postId = await send(stage.host().ready.origin, api.token, create);
          }),
        );
      }
      const answered = creates.filter(({ postId }) => postId !== null).length;
      accepted ??= answered;
      return answered === creates.length;
    },
  };
}

function publicationsOf(project: Project, mediaOf: (platform: Platform) => readonly string[]) {
  const tags = platformNames.map((platform) => ({
    platform,
    accountId: project.accounts[platform],
    tag: `kill-${randomUUID().slice(0, 13)}`,
  }));
  const publications = tags.map(({ platform, accountId, tag }) => ({
    accountId,
    text: `Never twice, never lost: ${tag}`,
    media: mediaOf(platform).map((mediaId) => ({ mediaId, altText: 'a test' })),
  }));
  return { tags, publications };
}

/** The id of the post, or null where nobody knows whether there is one. Throws when the API refuses it for good. */
async function send(origin: string, token: string, { key, body }: Create): Promise<string | null> {
  const response = await fetch(`${origin}/v1/posts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(35_000),
  })
    .then(async (answer) => ({ status: answer.status, text: await answer.text() }))
    .catch(() => null);
  if (response === null || response.status >= 500 || response.status === 409 || response.status === 429) return null;
  if (response.status !== 201) throw new Error(`a post was refused with ${response.status}: ${response.text}`);
  return made.parse(JSON.parse(response.text)).id;
}
