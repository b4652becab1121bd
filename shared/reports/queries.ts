import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { Report } from './shapes.ts';

export const createReportLink = query({
  name: 'createReportLink',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), id: id.nullable(), expiresAt: instant.nullable() }),
})<{ postId: string; tokenHash: string; days: number }>`
  with post as (
    select p.id, p.project_id, p.project_id = any ((select app.projects_of('write'))::uuid[]) as writable
    from posts p where p.id = ${'postId'}::uuid and p.deleted_at is null
  ), made as (
    insert into report_links (project_id, post_id, token_hash, created_by, expires_at)
    select p.project_id, p.id, ${'tokenHash'}, app.user_id(), app.now() + make_interval(days => ${'days'}::integer)
    from post p where p.writable
    returning id, expires_at
  )
  select case when m.id is not null then 'ok' when p.id is null then 'not_found' else 'forbidden' end as outcome, m.id, m.expires_at
  from (select 1) one left join post p on true left join made m on true`;

export const revokeReportLink = query({
  name: 'revokeReportLink',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ reportLinkId: string }>`
  with seen as (
    select l.id, l.project_id = any ((select app.projects_of('write'))::uuid[]) as writable
    from report_links l where l.id = ${'reportLinkId'}::uuid
  ), done as (
    update report_links l set revoked_at = coalesce(l.revoked_at, app.now()) from seen s where l.id = s.id and s.writable
    returning l.id
  )
  select case
    when exists (select from done) then 'ok'
    when exists (select from seen) then 'forbidden'
    else 'not_found'
  end as outcome`;

/** Nothing where the link is unknown, expired or revoked. */
export const findReport = query({
  name: 'findReport',
  kind: 'public',
  access: 'read',
  row: z.object({ report: Report }),
})<{ tokenHash: string }>`select r.report from app.report(${'tokenHash'}) r`;
