/** What is asked of quotas. They are held by triggers, in the statements that make things. */
import { z } from 'zod';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { usageRow } from './shapes.ts';

/** No row for whoever may not see it. */
export const listUsage = query({ name: 'listUsage', kind: 'actor', access: 'read', row: usageRow })<{
  scope: string;
  subjectId: string;
}>`
  select u.quota, u.most::text as limit, u.own, u.used::text as used, u.resets_at,
    app.limits_version(${'scope'}, ${'subjectId'}::uuid) as version
  from app.usage_of(${'scope'}, ${'subjectId'}::uuid) u`;

/** The same for administrators alone. */
export const listLimits = query({ name: 'listLimits', kind: 'actor', access: 'read', row: usageRow })<{
  scope: string;
  subjectId: string;
}>`
  select u.quota, u.most::text as limit, u.own, u.used::text as used, u.resets_at,
    app.limits_version(${'scope'}, ${'subjectId'}::uuid) as version
  from app.usage_of(${'scope'}, ${'subjectId'}::uuid) u where (select app.is_staff('admin'))`;

export const listOwnUsage = query({ name: 'listOwnUsage', kind: 'actor', access: 'read', row: usageRow })<
  Record<never, never>
>`
  select u.quota, u.most::text as limit, u.own, u.used::text as used, u.resets_at,
    app.limits_version('user', app.user_id()) as version
  from app.usage_of('user', app.user_id()) u`;

/** Limits that are not named are everybody's again. */
export const setQuotas = query({
  name: 'setQuotas',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ scope: string; subjectId: string; limits: Json; expectedVersion: number | null }>`
  select outcome from app.set_quotas(${'scope'}, ${'subjectId'}::uuid, ${'limits'}::jsonb, ${'expectedVersion'}::integer)`;

/** Accounts whose quota changed with those of many others, or that somebody else was changing just then. */
export const keepPauses = query({
  name: 'keepPauses',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ checked: z.number() }),
})<{ limit: number }>`select app.keep_pauses(${'limit'}::integer) as checked`;

/** Writes the mails about accounts that were paused, and that resumed: of so many projects at most. */
export const alertPauses = query({
  name: 'alertPauses',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ outcome: z.string(), events: z.number(), mails: z.number() }),
})<{ limit: number }>`
  select outcome, events, mails from app.alert_pauses(${'limit'}::integer)`;
