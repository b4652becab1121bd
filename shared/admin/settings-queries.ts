/** What is asked of the one row of settings. The policies show it to administrators alone. */
import { z } from 'zod';
import type { Json } from '../db/parameters.ts';
import { fragment, query } from '../db/statement.ts';
import { Settings } from './settings-shapes.ts';

const limits = fragment()`jsonb_build_object(
    'user', (select jsonb_object_agg(q.name, q.most) from quotas q where q.scope = 'user'),
    'project', (select jsonb_object_agg(q.name, q.most) from quotas q where q.scope = 'project'))`;

export const getSettings = query({ name: 'getSettings', kind: 'actor', access: 'read', row: Settings })<
  Record<never, never>
>`
  select s.registration, ${limits} as quotas, s.updated_at, s.version from installation_settings s`;

/** The settings' row changes with the quotas, so that its version tells of both. */
export const updateSettings = query({
  name: 'updateSettings',
  kind: 'actor',
  access: 'write',
  row: Settings.extend({ outcome: z.string() }),
})<{ patch: Json; expectedVersion: number | null }>`
  with given as (select ${'patch'}::jsonb as patch),
  changed as (
    update installation_settings s set registration = coalesce(g.patch ->> 'registration', s.registration)
    from given g
    where ${'expectedVersion'}::integer is null or s.version = ${'expectedVersion'}::integer
    returning s.registration, s.updated_at, s.version
  ), limited as (
    update quotas q set most = (l.value #>> '{}')::bigint
    from given g cross join lateral jsonb_each(coalesce(g.patch -> 'quotas', '{}')) p (scope, limits)
      cross join lateral jsonb_each(p.limits) l
    where q.scope = p.scope and q.name = l.key and exists (select from changed)
    returning q.scope, q.name, q.most
  )
  select case when c.version is not null then 'ok' when exists (select from installation_settings) then 'stale' else 'not_found' end as outcome,
    c.registration, (
      select jsonb_object_agg(o.scope, o.limits) from (
        select q.scope, jsonb_object_agg(q.name, case when l.name is null then q.most else l.most end) as limits
        from quotas q left join limited l on l.scope = q.scope and l.name = q.name group by q.scope) o) as quotas,
    c.updated_at, c.version
  from (select 1) one left join changed c on true`;
