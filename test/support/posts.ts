/** Accounts and posts, made through the API as a client would. */
import { expect } from 'vitest';
import { z } from 'zod';
import { type Account, Connection } from '../../shared/accounts/shapes.ts';
import { Post } from '../../shared/posts/shapes.ts';
import { Publication } from '../../shared/publications/shapes.ts';
import type { Person } from './people.ts';
import type { World } from './world.ts';

export async function connectCommunity(
  world: World,
  person: Person,
  projectId: string,
): Promise<z.output<typeof Account>> {
  const answer = await world.call('POST', '/v1/accounts', {
    token: person.token,
    json: { projectId, platform: 'community' },
  });
  expect(answer.status).toBe(201);
  const connection = answer.json(Connection);
  if (connection.status !== 'connected') throw new Error('the community connects at once');
  return connection.account;
}

/** An instant so many seconds from now, on the whole second. */
export function ahead(seconds: number): string {
  return new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000).toISOString();
}

export interface PostBody {
  readonly projectId: string;
  readonly text?: string;
  readonly schedule: unknown;
  readonly publications: readonly { readonly accountId: string; readonly text?: string; readonly options?: unknown }[];
  readonly [field: string]: unknown;
}

export async function createPost(world: World, person: Person, body: PostBody): Promise<z.output<typeof Post>> {
  const answer = await world.call('POST', '/v1/posts', { token: person.token, json: body });
  expect(answer.text, answer.text).toContain('"id"');
  expect(answer.status).toBe(201);
  return answer.json(Post);
}

export async function getPublication(world: World, person: Person, publicationId: string) {
  const answer = await world.call('GET', `/v1/publications/${publicationId}`, { token: person.token });
  expect(answer.status).toBe(200);
  return answer.json(Publication);
}

/** Asks until `done` says so. */
export async function eventually<T>(ask: () => Promise<T>, done: (value: T) => boolean, withinMs = 25_000): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (done(value)) return value;
    if (performance.now() > giveUpAt) throw new Error(`it did not come about: ${JSON.stringify(value).slice(0, 800)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const page = <S extends z.ZodType>(item: S) =>
  z.object({ data: z.array(item), nextCursor: z.string().nullable() });
