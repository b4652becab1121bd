/** What is asked of sessions. Only hashes of refresh tokens go in; none comes out. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { Session } from './shapes.ts';

/** `ok`, `invalid_credentials`, or `too_many_requests` with the seconds to wait. */
export const openSessionByPassword = query({
  name: 'openSessionByPassword',
  kind: 'public',
  access: 'write',
  row: z.object({
    outcome: z.string(),
    userId: id.nullable(),
    sessionId: id.nullable(),
    waitS: z.number().nullable(),
  }),
})<{ email: string; presentedHash: string; refreshHash: string; userAgent: string | null; ip: string; device: Json }>`
  select outcome, user_id, session_id, wait_s
  from app.log_in(${'email'}, ${'presentedHash'}, ${'refreshHash'}, left(${'userAgent'}, 500), ${'ip'}, ${'device'}::jsonb)`;

/** Guarded: the successor is derived from the token, so a second run within the grace time gives the same one. */
export const rotateSession = query({
  name: 'rotateSession',
  kind: 'public',
  access: 'guarded',
  row: z.object({ outcome: z.string(), userId: id.nullable() }),
})<{
  sessionId: string;
  presentedHash: string;
  successorHash: string;
  isIssued: boolean;
  ip: string;
  userAgent: string | null;
  device: Json;
}>`
  select outcome, user_id
  from app.rotate_session(${'sessionId'}::uuid, ${'presentedHash'}, ${'successorHash'}, ${'isIssued'}::boolean,
    ${'ip'}, left(${'userAgent'}, 500), ${'device'}::jsonb)`;

export const endSession = query({
  name: 'endSession',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ sessionId: string; because: string }>`
  with ended as (
    update user_sessions set revoked_at = app.now(), revoked_because = ${'because'}
    where id = ${'sessionId'}::uuid and revoked_at is null
    returning id
  )
  select case when exists (select from ended) then 'ok' else 'not_found' end as outcome`;

/** All of one's sessions, or all but the one that asks; with them what was begun in them. */
export const endSessions = query({
  name: 'endSessions',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ ended: z.number() }),
})<{ keepCurrent: boolean; because: string }>`
  select app.sign_out_everywhere(${'keepCurrent'}::boolean, ${'because'}) as ended`;

export const listSessions = query({ name: 'listSessions', kind: 'actor', access: 'read', row: Session })<{
  before: string | null;
  limit: number;
}>`
  select id, id = (select app.session_id()) as current, nullif(device, '{}') as device, user_agent, host(ip) as ip,
    nullif(coalesce(last_device, device), '{}') as last_device,
    case when last_ip is null then user_agent else last_user_agent end as last_user_agent,
    host(coalesce(last_ip, ip)) as last_ip, created_at,
    last_used_at, least(expires_at, last_used_at + interval '14 days') as expires_at
  from user_sessions
  where user_id = (select app.user_id()) and revoked_at is null
    and expires_at > app.now() and last_used_at > app.now() - interval '14 days'
    and (${'before'}::uuid is null or id < ${'before'}::uuid)
  order by id desc limit ${'limit'}::integer + 1`;
