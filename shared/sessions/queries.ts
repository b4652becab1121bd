/** What is asked of sessions. Only hashes of refresh tokens go in; none comes out. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { Session } from './shapes.ts';

export const openSession = query({
  name: 'openSession',
  kind: 'public',
  access: 'write',
  row: z.object({ outcome: z.string(), sessionId: id }),
})<{ userId: string; refreshHash: string; userAgent: string | null; ip: string }>`
  select outcome, session_id
  from app.open_session(${'userId'}::uuid, ${'refreshHash'}, left(${'userAgent'}, 500), ${'ip'})`;

/** Guarded: the successor is derived from the token, so a second run within the grace time gives the same one. */
export const rotateSession = query({
  name: 'rotateSession',
  kind: 'public',
  access: 'guarded',
  row: z.object({ outcome: z.string(), userId: id.nullable() }),
})<{ sessionId: string; presentedHash: string; successorHash: string }>`
  select outcome, user_id
  from app.rotate_session(${'sessionId'}::uuid, ${'presentedHash'}, ${'successorHash'})`;

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

export const listSessions = query({ name: 'listSessions', kind: 'actor', access: 'read', row: Session })<{
  before: string | null;
  limit: number;
}>`
  select id, id = (select app.session_id()) as current, user_agent, ip, created_at, last_used_at, expires_at
  from user_sessions
  where user_id = (select app.user_id()) and revoked_at is null and expires_at > app.now()
    and (${'before'}::uuid is null or id < ${'before'}::uuid)
  order by id desc limit ${'limit'}::integer + 1`;
