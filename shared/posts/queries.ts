import { z } from 'zod';
import { id, instant, json } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { MediaKind } from '../media/shapes.ts';
import { namedProject } from '../projects/named-project.ts';

const publicationSummary = z.object({
  id,
  accountId: id,
  platform: z.string(),
  state: z.string(),
  dueAt: instant.nullable(),
  publishedAt: instant.nullable(),
  url: z.string().nullable(),
  failure: z.object({ class: z.string(), code: z.string().nullable(), message: z.string().nullable() }).nullable(),
});

export const postRow = z.object({
  id,
  projectId: id,
  status: z.string(),
  text: z.string(),
  scheduleType: z.string(),
  dueAt: instant.nullable(),
  wallTime: z.string().nullable(),
  timeZone: z.string().nullable(),
  externalId: z.string().nullable(),
  metadata: json,
  createdBy: id.nullable(),
  createdAt: instant,
  updatedAt: instant,
  publications: z.array(publicationSummary),
});

const contextRow = z.object({
  right: z.enum(['write', 'read', 'none']),
  projectId: id,
  now: instant,
  dueAt: instant.nullable(),
  past: z.boolean(),
  accounts: z.array(
    z.object({
      id,
      platform: z.string(),
      status: z.string(),
      paused: z.boolean(),
      limits: z.record(z.string(), z.unknown()),
    }),
  ),
  media: z.array(
    z.object({
      id,
      status: z.string(),
      kind: MediaKind.nullable(),
      durationMs: z.number().nullable(),
      videoCodec: z.string().nullable(),
      renditions: z.array(
        z.object({ name: z.string(), mimeType: z.string(), bytes: z.number(), width: z.number(), height: z.number() }),
      ),
    }),
  ),
});
export type DraftContext = z.output<typeof contextRow>;

/** What a schedule that leaves something out gets from its person, and from the project. */
export const findScheduleDefaults = query({
  name: 'findScheduleDefaults',
  kind: 'actor',
  access: 'read',
  row: z.object({ timeZone: z.string(), defaultPostingTime: z.string().nullable() }),
})<{ projectId: string | null }>`
  select coalesce(w.time_zone, p.time_zone) as time_zone, to_char(w.default_posting_time, 'HH24:MI') as default_posting_time
  from projects p left join user_preferences w on w.user_id = (select app.user_id())
  where p.id = ${namedProject}`;

/** All that validation needs to know of the database, in one row. */
export const loadDraftContext = query({ name: 'loadDraftContext', kind: 'actor', access: 'read', row: contextRow })<{
  projectId: string | null;
  accountIds: string[];
  mediaIds: string[];
  scheduleType: string;
  /** The instant of a schedule of type `at`. */
  at: string | null;
}>`
  select
    case
      when project.id = any (app.projects_of('write')) then 'write'
      when project.id = any (app.projects_of('read')) then 'read'
      else 'none'
    end as right, project.id as project_id,
    app.now() as now, due.at as due_at, coalesce(due.at < app.now(), false) as past,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', a.id, 'platform', a.platform, 'status', a.status, 'paused', a.paused_at is not null,
        'limits', pf.limits))
      from social_accounts a join platforms pf on pf.name = a.platform
      where a.project_id = project.id and a.id = any (${'accountIds'}::uuid[]) and a.disconnected_at is null
    ), '[]'::jsonb) as accounts,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', m.id, 'status', m.status, 'kind', m.kind, 'durationMs', v.duration_ms,
        'videoCodec', v.video_codec, 'renditions', coalesce((
          select jsonb_agg(jsonb_build_object('name', r.name, 'mimeType', r.mime_type, 'bytes', r.bytes, 'width', r.width, 'height', r.height))
          from media_renditions r where r.project_id = m.project_id and r.media_id = m.id), '[]'::jsonb)))
      from media m
      left join videos v on v.project_id = m.project_id and v.media_id = m.id
      where m.project_id = project.id and m.id = any (${'mediaIds'}::uuid[]) and m.deleted_at is null
    ), '[]'::jsonb) as media
  from (
    select case ${'scheduleType'}
      when 'now' then app.now()
      when 'at' then ${'at'}::timestamptz
    end as at
  ) due, (select ${namedProject} as id) project`;

/** Post, publications and media are one atomic write. */
export const insertPost = query({
  name: 'insertPost',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), ...postRow.shape }),
})<{
  projectId: string;
  text: string;
  scheduleType: string;
  dueAt: string | null;
  wallTime: string | null;
  timeZone: string | null;
  externalId: string | null;
  metadata: Json;
  media: Json;
  publications: Json;
}>`
  with post as (
    insert into posts (project_id, created_by, text, schedule_type, due_at, wall_time, time_zone, external_id, metadata)
    select ${'projectId'}::uuid, app.user_id(), ${'text'}, ${'scheduleType'}, ${'dueAt'}::timestamptz,
      ${'wallTime'}, ${'timeZone'}, ${'externalId'}, ${'metadata'}::jsonb
    returning *
  ), wanted as materialized (
    select uuidv7() as id, w.*
    from jsonb_to_recordset(${'publications'}::jsonb) as w("accountId" uuid, text text, options jsonb, media jsonb)
  ), publication as (
    insert into post_publications (id, project_id, post_id, account_id, platform, text, options, state, due_at, scheduled_at)
    select w.id, p.project_id, p.id, a.id, a.platform, w.text, coalesce(w.options, '{}'),
      case when p.due_at is null then 'draft' else 'scheduled' end, p.due_at, case when p.due_at is not null then app.now() end
    from post p join wanted w on true
    join social_accounts a on a.project_id = p.project_id and a.id = w."accountId"
    returning *
  ), medium as (
    insert into post_media (project_id, post_id, publication_id, media_id, position, alt_text)
    select p.project_id, p.id, null::uuid, m."mediaId", m.position - 1, m."altText"
    from post p, rows from (jsonb_to_recordset(${'media'}::jsonb) as ("mediaId" uuid, "altText" text)) with ordinality as m("mediaId", "altText", position)
    union all
    select p.project_id, p.id, w.id, m."mediaId", m.position - 1, m."altText"
    from post p, wanted w,
      rows from (jsonb_to_recordset(w.media) as ("mediaId" uuid, "altText" text)) with ordinality as m("mediaId", "altText", position)
    where w.media is not null
    returning 1
  )
  select 'ok' as outcome, p.id, p.project_id, app.post_status(array_agg(pub.state)) as status, p.text, p.schedule_type, p.due_at,
    p.wall_time, p.time_zone, p.external_id, p.metadata, p.created_by, p.created_at, p.updated_at,
    jsonb_agg(jsonb_build_object('id', pub.id, 'accountId', pub.account_id, 'platform', pub.platform, 'state', pub.state,
      'dueAt', pub.due_at, 'publishedAt', null, 'url', null, 'failure', null) order by pub.id) as publications
  from post p join publication pub on true
  group by p.id, p.project_id, p.text, p.schedule_type, p.due_at, p.wall_time, p.time_zone, p.external_id, p.metadata,
    p.created_by, p.created_at, p.updated_at`;

export const findPost = query({ name: 'findPost', kind: 'actor', access: 'read', row: postRow })<{ postId: string }>`
  select p.id, p.project_id, app.post_status(coalesce(pubs.states, '{}')) as status, p.text, p.schedule_type, p.due_at,
    p.wall_time, p.time_zone, p.external_id, p.metadata, p.created_by, p.created_at, p.updated_at,
    coalesce(pubs.publications, '[]'::jsonb) as publications
  from posts p
  left join lateral (
    select array_agg(pp.state) as states,
      jsonb_agg(jsonb_build_object('id', pp.id, 'accountId', pp.account_id, 'platform', pp.platform, 'state', pp.state,
        'dueAt', pp.due_at, 'publishedAt', pp.published_at, 'url', pp.url,
        'failure', case when pp.failure_class is not null then jsonb_build_object('class', pp.failure_class,
          'code', pp.failure_code, 'message', pp.failure_message) end) order by pp.id) as publications
    from post_publications pp where pp.post_id = p.id
  ) pubs on true
  where p.id = ${'postId'}::uuid and p.deleted_at is null`;

/** Everything that has not begun is cancelled; what is on its way stays. Nothing left to cancel is `wrong_state`. */
export const cancelPost = query({
  name: 'cancelPost',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string(), id: id.nullable(), cancelled: z.number() }),
})<{ postId: string }>`
  with post as (
    select p.id, p.project_id, p.project_id = any (app.projects_of('write')) as writable
    from posts p where p.id = ${'postId'}::uuid and p.deleted_at is null
  ), cancelled as (
    update post_publications pp
    set state = 'cancelled', next_attempt_at = null, prepared = null, prepared_ready = false, prepared_expires_at = null
    from post p
    where p.writable and pp.project_id = p.project_id and pp.post_id = p.id
      and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed')
    returning pp.id
  )
  select case
      when p.id is null then 'not_found'
      when not p.writable then 'forbidden'
      when not exists (select from cancelled) then 'wrong_state'
      else 'ok'
    end as outcome, p.id, (select count(*) from cancelled)::integer as cancelled
  from (select 1) one left join post p on true`;
