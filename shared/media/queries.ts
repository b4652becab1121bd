/** Media as their projects' members ask for them. */
import { z } from 'zod';
import { count, id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { namedProject } from '../projects/named-project.ts';
import { MediaKind } from './shapes.ts';

const rendition = z.object({
  name: z.enum(['original', 'preview', 'thumb', 'poster']),
  key: z.string(),
  mimeType: z.string(),
  bytes: z.number(),
  width: z.number(),
  height: z.number(),
  sha256: z.string(),
});

const mediaRow = z.object({
  id,
  projectId: id,
  status: z.enum(['pending_upload', 'processing', 'ready', 'failed']),
  fileName: z.string(),
  declaredMimeType: z.string(),
  declaredBytes: count,
  kind: MediaKind.nullable(),
  mimeType: z.string().nullable(),
  bytes: count.nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  video: z
    .object({
      durationMs: z.number(),
      fps: z.number().nullable(),
      videoCodec: z.string(),
      audioCodec: z.string().nullable(),
    })
    .nullable(),
  failure: z.object({ code: z.string(), reason: z.string() }).nullable(),
  renditions: z.array(rendition),
  createdBy: id.nullable(),
  createdAt: instant,
  updatedAt: instant,
  version: z.number(),
});
export type MediaRow = z.output<typeof mediaRow>;

/** The row comes first: the form of the upload is made of it. */
export const insertMedia = query({
  name: 'insertMedia',
  kind: 'actor',
  access: 'write',
  row: z.object({
    outcome: z.string(),
    ...mediaRow.partial().shape,
    uploadKey: z.string().nullable(),
    uploadExpiresAt: instant.nullable(),
  }),
})<{ projectId: string | null; fileName: string; mimeType: string; bytes: number }>`
  with tenant as (
    select p.id, p.id = any ((select app.projects_of('write'))::uuid[]) as writable
    from projects p where p.id = ${namedProject}
  ), named as materialized (
    select uuidv7() as id, t.id as project_id from tenant t where t.writable
  ), made as (
    insert into media (id, project_id, created_by, file_name, declared_mime_type, declared_bytes, upload_key)
    select n.id, n.project_id, app.user_id(), ${'fileName'}, ${'mimeType'}, ${'bytes'}::bigint,
      'uploads/' || n.project_id || '/' || n.id
    from named n
    returning *
  )
  select case when m.id is not null then 'ok' when t.id is null then 'not_found' else 'forbidden' end as outcome,
    m.id, m.project_id, m.status, m.file_name, m.declared_mime_type, m.declared_bytes::text as declared_bytes, m.kind, m.mime_type,
    m.bytes::text as bytes, m.width, m.height, null::jsonb as video, null::jsonb as failure, '[]'::jsonb as renditions,
    m.created_by, m.created_at, m.updated_at, m.version, m.upload_key, m.upload_expires_at
  from (select 1) one left join tenant t on true left join made m on true`;

export const findMedia = query({ name: 'findMedia', kind: 'actor', access: 'read', row: mediaRow })<{
  mediaId: string;
}>`
  select m.id, m.project_id, m.status, m.file_name, m.declared_mime_type, m.declared_bytes::text as declared_bytes, m.kind,
    m.mime_type, m.bytes::text as bytes, m.width, m.height,
    case when v.media_id is not null then jsonb_build_object('durationMs', v.duration_ms, 'fps', v.fps,
      'videoCodec', v.video_codec, 'audioCodec', v.audio_codec) end as video,
    case when m.failure_code is not null then jsonb_build_object('code', m.failure_code, 'reason', m.failure_reason) end as failure,
    coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'key', r.object_key, 'mimeType', r.mime_type, 'bytes', r.bytes,
        'width', r.width, 'height', r.height, 'sha256', r.sha256) order by r.name)
      from media_renditions r where r.project_id = m.project_id and r.media_id = m.id), '[]'::jsonb) as renditions,
    m.created_by, m.created_at, m.updated_at, m.version
  from media m left join videos v on v.project_id = m.project_id and v.media_id = m.id
  where m.id = ${'mediaId'}::uuid and m.deleted_at is null`;

export const listMedia = query({ name: 'listMedia', kind: 'actor', access: 'read', row: mediaRow })<{
  projectId: string | null;
  status: string | null;
  mediaKind: string | null;
  before: string | null;
  limit: number;
}>`
  select m.id, m.project_id, m.status, m.file_name, m.declared_mime_type, m.declared_bytes::text as declared_bytes, m.kind,
    m.mime_type, m.bytes::text as bytes, m.width, m.height,
    case when v.media_id is not null then jsonb_build_object('durationMs', v.duration_ms, 'fps', v.fps,
      'videoCodec', v.video_codec, 'audioCodec', v.audio_codec) end as video,
    case when m.failure_code is not null then jsonb_build_object('code', m.failure_code, 'reason', m.failure_reason) end as failure,
    coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'key', r.object_key, 'mimeType', r.mime_type, 'bytes', r.bytes,
        'width', r.width, 'height', r.height, 'sha256', r.sha256) order by r.name)
      from media_renditions r where r.project_id = m.project_id and r.media_id = m.id), '[]'::jsonb) as renditions,
    m.created_by, m.created_at, m.updated_at, m.version
  from unnest(app.projects_of('read')) mine (project_id)
  cross join lateral (
    select * from media newest
    where newest.project_id = mine.project_id and newest.deleted_at is null
      and (${'status'}::text is null or newest.status = ${'status'})
      and (${'mediaKind'}::text is null or newest.kind = ${'mediaKind'})
      and (${'before'}::uuid is null or newest.id < ${'before'}::uuid)
    order by newest.id desc
    limit ${'limit'}::integer + 1
  ) m
  left join videos v on v.project_id = m.project_id and v.media_id = m.id
  where ${'projectId'}::uuid is null or mine.project_id = ${'projectId'}::uuid
  order by m.id desc
  limit ${'limit'}::integer + 1`;

/** What is still to be published keeps its media. */
export const deleteMedia = query({
  name: 'deleteMedia',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.enum(['ok', 'not_found', 'forbidden', 'in_use', 'stale']), posts: z.array(id) }),
})<{ mediaId: string; expectedVersion: number | null }>`
  with medium as (
    select m.id, m.project_id, m.project_id = any ((select app.projects_of('write'))::uuid[]) as writable,
      coalesce(m.version <> ${'expectedVersion'}::integer, false) as stale
    from media m where m.id = ${'mediaId'}::uuid and m.deleted_at is null
  ), used as (
    select distinct pm.post_id
    from medium m
    join post_media pm on pm.project_id = m.project_id and pm.media_id = m.id
    join posts p on p.project_id = pm.project_id and p.id = pm.post_id and p.deleted_at is null
    join post_publications pp on pp.project_id = pm.project_id and pp.post_id = pm.post_id
    where (pm.publication_id is null or pm.publication_id = pp.id)
      and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'publishing', 'processing', 'unknown')
  ), done as (
    update media d set deleted_at = app.now()
    from medium m where d.id = m.id and m.writable and not exists (select from used)
      and (${'expectedVersion'}::integer is null or d.version = ${'expectedVersion'}::integer)
    returning d.id
  )
  select
    case
      when d.id is not null then 'ok'
      when m.id is null then 'not_found'
      when not m.writable then 'forbidden'
      when not m.stale and exists (select from used) then 'in_use'
      else 'stale'
    end as outcome,
    coalesce((select jsonb_agg(u.post_id) from (select post_id from used order by post_id limit 100) u), '[]'::jsonb) as posts
  from (select 1) one left join medium m on true left join done d on true`;
