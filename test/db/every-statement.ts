/** Every statement of the code, and arguments for it as the asking person's requests would bring them. */
import { glob } from 'node:fs/promises';
import { z } from 'zod';
import type { Parameter } from '../../shared/db/parameters.ts';
import type { Statement } from '../../shared/db/statement.ts';
import type { Asking } from './crowd.ts';

export type AnyStatement = Statement<Record<string, Parameter>, z.ZodObject>;
const statementShape = z.custom<AnyStatement>(
  (value) => typeof value === 'object' && value !== null && 'text' in value && 'keys' in value && 'access' in value,
);

const root = new URL('../../', import.meta.url);
/** Every statement of the code. */
export const statements: AnyStatement[] = [];
for await (const file of glob('shared/**/*queries.ts', { cwd: root })) {
  const module: Record<string, unknown> = await import(new URL(file, root).href);
  for (const exported of Object.values(module)) {
    const parsed = statementShape.safeParse(exported);
    if (parsed.success) statements.push(parsed.data);
  }
}

/** What app.run is told about the caller of a statement. */
export function callOf({ kind }: AnyStatement, { userId, sessionId }: Asking): string {
  if (kind === 'worker') return JSON.stringify({ kind, name: 'test' });
  if (kind === 'public') return JSON.stringify({ kind, ip: null, route: 'GET /' });
  return JSON.stringify({ kind: 'actor', userId, sessionId });
}

/** The login that a statement runs under; one without an actor becomes `posthaste_public` inside app.run. */
export const loginOfKind = {
  actor: 'posthaste_api',
  anyone: 'posthaste_api',
  public: 'posthaste_api',
  worker: 'posthaste_worker',
} as const;

/** What lists filter by, which may be left out. */
const filters = new Set([
  'projectId',
  'accountId',
  'postId',
  'status',
  'platform',
  'externalId',
  'updatedSince',
  'before',
  'mediaKind',
  'createdBy',
  'ownerId',
  'since',
]);

export interface Arguments {
  readonly asking: Asking;
  /** Whether the filters of lists are given. */
  readonly filtered: boolean;
}

/** A value as a request would bring it, by the name and the type of the parameter. */
export function argumentOf(
  { name, keys, text }: AnyStatement,
  key: string,
  { asking, filtered }: Arguments,
): string | null {
  const type = new RegExp(`\\$${keys.indexOf(key) + 1}::([a-z]+(?: precision)?(?:\\[\\])?)`).exec(text)?.[1] ?? 'text';
  if (!filtered && keys.includes('limit') && filters.has(key)) return null;
  if (key === 'id') return name.includes('Session') ? asking.sessionId : asking.projectId;
  if (key in asking) return asking[key as keyof Asking];
  switch (type) {
    case 'uuid':
      return asking.publicationId;
    case 'uuid[]':
      return `{${key === 'accountIds' ? asking.accountId : key === 'mediaIds' ? asking.mediaId : asking.publicationId}}`;
    case 'text[]':
      return '{threads,mastodon}';
    case 'boolean':
      return 'true';
    case 'timestamptz':
    case 'timestamp':
      return '2026-01-02T03:04:05Z';
    case 'jsonb':
      return ['patch', 'metadata', 'result'].includes(key) ? '{}' : JSON.stringify([recordOf(asking)]);
    case 'text':
      return texts[key] ?? 'x';
    default:
      return '20';
  }
}

const texts: Readonly<Record<string, string>> = {
  platform: 'threads',
  status: 'published',
  timeZone: 'UTC',
  scheduleType: 'at',
};

function recordOf(asking: Asking) {
  return {
    id: asking.publicationId,
    mediaId: asking.mediaId,
    generation: 1,
    leaseToken: asking.userId,
    needsS: 10,
    state: 'published',
  };
}
