import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { ListedReportLink, Report } from './shapes.ts';

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

/** Of all projects of the actor, or of one; a deleted post's links show nothing any more, and are none. */
export const listReportLinks = query({
  name: 'listReportLinks',
  kind: 'actor',
  access: 'read',
  row: ListedReportLink,
})<{
  projectId: string | null;
  postId: string | null;
  before: string | null;
  limit: number;
}>`
  with page as materialized (
    select l.* from unnest((select app.projects_of('read'))::uuid[]) mine (id)
    cross join lateral (
      select r.id, r.project_id, r.post_id, r.created_by, r.created_at, r.expires_at, r.revoked_at
      from report_links r join posts o on o.id = r.post_id and o.deleted_at is null
      where r.project_id = mine.id and (${'postId'}::uuid is null or r.post_id = ${'postId'}::uuid)
        and (${'before'}::uuid is null or r.id < ${'before'}::uuid)
      order by r.id desc limit ${'limit'}::integer + 1) l
    where ${'projectId'}::uuid is null or mine.id = ${'projectId'}::uuid
    order by l.id desc limit ${'limit'}::integer + 1
  )
  select p.id, p.project_id, p.post_id,
    case when p.revoked_at is not null then 'revoked' when p.expires_at <= app.now() then 'expired'
      when n.active is not true then 'suspended' else 'active' end as state,
    p.created_by, n.display_name as created_by_name, p.created_at, p.expires_at, p.revoked_at
  from page p left join lateral app.member_names(p.project_id, array[p.created_by]) n on true
  order by p.id desc`;

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
