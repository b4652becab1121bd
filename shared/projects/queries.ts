/** What is asked of projects. The policies decide which ones a person sees and which ones they may change. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { Project } from './shapes.ts';

const changed = Project.extend({ outcome: z.string() });

export const createProject = query({
  name: 'createProject',
  kind: 'actor',
  access: 'write',
  row: changed,
})<{ name: string; description: string | null; timeZone: string | null }>`
  select 'ok' as outcome, id, name, description, time_zone, 'owner' as role, created_at, updated_at, version
  from app.create_project(${'name'}, ${'description'}, coalesce(${'timeZone'}::text,
    (select w.time_zone from user_preferences w where w.user_id = (select app.user_id())), 'UTC'))`;

export const listProjects = query({ name: 'listProjects', kind: 'actor', access: 'read', row: Project })<{
  before: string | null;
  limit: number;
}>`
  select p.id, p.name, p.description, p.time_zone, c.role, p.created_at, p.updated_at, p.version
  from project_collaborators c join projects p on p.id = c.project_id
  where c.user_id = (select app.user_id()) and (${'before'}::uuid is null or p.id < ${'before'}::uuid)
  order by p.id desc limit ${'limit'}::integer + 1`;

export const getProject = query({ name: 'getProject', kind: 'actor', access: 'read', row: Project })<{ id: string }>`
  select p.id, p.name, p.description, p.time_zone, c.role, p.created_at, p.updated_at, p.version
  from projects p join project_collaborators c on c.project_id = p.id and c.user_id = (select app.user_id())
  where p.id = ${'id'}::uuid`;

/** Changes the fields that the patch names; a description of null is taken away. */
export const updateProject = query({ name: 'updateProject', kind: 'actor', access: 'write', row: changed })<{
  id: string;
  patch: Json;
  expectedVersion: number | null;
}>`
  with given as (select ${'patch'}::jsonb as patch),
  seen as (
    select c.role, p.id = any ((select app.projects_of('manage'))::uuid[]) as mine from projects p join project_collaborators c on c.project_id = p.id and c.user_id = (select app.user_id())
    where p.id = ${'id'}::uuid
  ),
  done as (
    update projects p
    set name = coalesce(patch ->> 'name', p.name),
      description = case when patch ? 'description' then patch ->> 'description' else p.description end,
      time_zone = coalesce(patch ->> 'timeZone', p.time_zone)
    from given
    where p.id = ${'id'}::uuid and (${'expectedVersion'}::integer is null or p.version = ${'expectedVersion'}::integer)
    returning p.*
  )
  select case when done.id is not null then 'ok' when seen.mine then 'stale' when seen.role is not null then 'forbidden'
      else 'not_found' end as outcome,
    done.id, done.name, done.description, done.time_zone, seen.role, done.created_at, done.updated_at, done.version
  from given left join seen on true left join done on true`;

/** What still waits is never dropped silently: it is cancelled first, or the project stays. */
export const deleteProject = query({
  name: 'deleteProject',
  kind: 'actor',
  access: 'write',
  row: z.object({
    outcome: z.enum(['ok', 'not_found', 'forbidden', 'in_use', 'stale']),
    waiting: z.array(z.object({ id, state: z.string() })),
  }),
})<{ id: string; expectedVersion: number | null }>`
  with seen as (
    select id, id = any ((select app.projects_of('manage'))::uuid[]) as mine, version from projects p where id = ${'id'}::uuid
  ),
  waiting as (
    select pp.id, pp.state, pp.due_at from seen join post_publications pp on pp.project_id = seen.id
    where seen.mine and pp.state in ('pending_approval', 'scheduled', 'queued', 'publishing', 'processing')
    order by pp.due_at, pp.id limit 100
  ),
  done as (
    update projects p set deleted_at = app.now() from seen
    where p.id = seen.id and seen.mine and (p.version = ${'expectedVersion'}::integer or ${'expectedVersion'}::integer is null)
      and not exists (select from waiting)
    returning p.id
  )
  select case
    when exists (select from done) then 'ok'
    when not exists (select from seen) then 'not_found'
    when exists (select from seen where not mine) then 'forbidden'
    when exists (select from seen where version <> ${'expectedVersion'}::integer) then 'stale'
    when exists (select from waiting) then 'in_use'
    else 'stale'
  end as outcome,
  coalesce((select jsonb_agg(jsonb_build_object('id', w.id, 'state', w.state) order by w.due_at, w.id) from waiting w), '[]'::jsonb) as waiting`;
