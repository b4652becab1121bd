/** What is asked of second factors: functions alone count guesses and use codes. Sealed secrets come out to be opened here. */
import { z } from 'zod';
import { count, id, instant } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { fragment, query } from '../db/statement.ts';
import { Factor } from './shapes.ts';

const sealedFactors = z.array(z.object({ id, sealed: z.string() }));

/** Counts a try of the ticket. */
export const openTicket = query({
  name: 'openTicket',
  kind: 'public',
  access: 'write',
  isPrelude: true,
  row: z.object({
    outcome: z.string(),
    retryAfterS: z.int().nullable(),
    userId: id.nullable(),
    factors: sealedFactors.nullable(),
    nowS: count.nullable(),
  }),
})<{ ticketHash: string }>`
  select outcome, retry_after_s, user_id, factors, now_s from app.open_ticket(${'ticketHash'})`;

export const useTicket = query({
  name: 'useTicket',
  kind: 'public',
  access: 'write',
  row: z.object({ outcome: z.string(), sessionId: id }),
})<{
  ticketHash: string;
  factorId: string | null;
  step: number | null;
  recoveryHash: string | null;
  refreshHash: string;
  userAgent: string | null;
  ip: string;
  device: Json;
}>`
  select outcome, session_id
  from app.use_ticket(${'ticketHash'}, ${'factorId'}::uuid, ${'step'}::bigint, ${'recoveryHash'}, ${'refreshHash'},
    left(${'userAgent'}, 500), ${'ip'}, ${'device'}::jsonb)`;

export const enrolFactor = query({
  name: 'enrolFactor',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ factorId: string; name: string | null; secretSealed: string }>`
  select outcome from app.enrol_factor(${'factorId'}::uuid, ${'name'}, ${'secretSealed'})`;

export const openEnrolment = query({
  name: 'openEnrolment',
  kind: 'actor',
  access: 'write',
  isPrelude: true,
  row: z.object({
    outcome: z.string(),
    retryAfterS: z.int().nullable(),
    secretSealed: z.string().nullable(),
    nowS: count.nullable(),
  }),
})<{ factorId: string }>`
  select outcome, retry_after_s, secret_sealed, now_s from app.open_enrolment(${'factorId'}::uuid)`;

export const confirmFactor = query({
  name: 'confirmFactor',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), codesMade: z.boolean() }),
})<{ factorId: string; step: number; codeHashes: string[] }>`
  select outcome, codes_made from app.confirm_factor(${'factorId'}::uuid, ${'step'}::bigint, ${'codeHashes'}::text[])`;

export const removeFactor = query({
  name: 'removeFactor',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ factorId: string; expectedVersion: number | null }>`
  select outcome from app.remove_factor(${'factorId'}::uuid, ${'expectedVersion'}::integer)`;

export const replaceRecoveryCodes = query({
  name: 'replaceRecoveryCodes',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ codeHashes: string[] }>`
  select outcome from app.replace_recovery_codes(${'codeHashes'}::text[])`;

const factorColumns = fragment()`f.id, f.kind, f.name, f.confirmed_at, f.last_used_at, f.created_at, f.version`;

export const listFactors = query({
  name: 'listFactors',
  kind: 'actor',
  access: 'read',
  row: Factor.extend({ recoveryCodesLeft: z.int() }),
})<Record<never, never>>`
  select ${factorColumns}, app.recovery_codes_left() as recovery_codes_left
  from mfa_factors f where f.user_id = (select app.user_id()) and f.kind = 'totp'
  order by f.created_at, f.id`;

export const getFactor = query({ name: 'getFactor', kind: 'actor', access: 'read', row: Factor })<{ factorId: string }>`
  select ${factorColumns} from mfa_factors f
  where f.id = ${'factorId'}::uuid and f.user_id = (select app.user_id()) and f.kind = 'totp'`;

export const renameFactor = query({
  name: 'renameFactor',
  kind: 'actor',
  access: 'write',
  row: Factor.extend({ outcome: z.string() }),
})<{ factorId: string; name: string; expectedVersion: number | null }>`
  with known as (
    select f.id, f.version from mfa_factors f where f.id = ${'factorId'}::uuid and f.kind = 'totp' for update
  ), renamed as (
    update mfa_factors f set name = ${'name'} from known k
    where f.id = k.id and (${'expectedVersion'}::integer is null or k.version = ${'expectedVersion'}::integer)
    returning ${factorColumns}
  )
  select case when r.id is not null then 'ok' when k.id is not null then 'stale' else 'not_found' end as outcome,
    r.id, r.kind, r.name, r.confirmed_at, r.last_used_at, r.created_at, r.version
  from (select) one left join known k on true left join renamed r on true`;

/** Counts a guess. */
export const openStepUp = query({
  name: 'openStepUp',
  kind: 'actor',
  access: 'write',
  isPrelude: true,
  row: z.object({
    outcome: z.string(),
    retryAfterS: z.int().nullable(),
    factors: sealedFactors.nullable(),
    nowS: count.nullable(),
  }),
})<Record<never, never>>`
  select outcome, retry_after_s, factors, now_s from app.open_step_up()`;

export const stepUpByCode = query({
  name: 'stepUpByCode',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), elevatedUntil: instant }),
})<{ factorId: string | null; step: number | null; recoveryHash: string | null }>`
  select outcome, elevated_until from app.step_up_by_code(${'factorId'}::uuid, ${'step'}::bigint, ${'recoveryHash'})`;

/** `ok`, `wrong_password`, `second_factor_needed`, or `too_many_requests` with the seconds to wait. */
export const stepUpByPassword = query({
  name: 'stepUpByPassword',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), waitS: z.int().nullable(), elevatedUntil: instant.nullable() }),
})<{ presentedHash: string }>`
  select outcome, wait_s, elevated_until from app.step_up_by_password(${'presentedHash'})`;
