/** The media worker's statements, and those of the sweep. */
import { z } from 'zod';
import { count, id } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';

/** `process`: yours. `busy`: another worker is at it. `done`: ready or failed already. `gone`: unknown or deleted. */
export const claimMedia = query({
  name: 'claimMedia',
  kind: 'worker',
  access: 'guarded',
  row: z.object({
    outcome: z.enum(['process', 'busy', 'done', 'gone']),
    declaredMimeType: z.string().nullable(),
    declaredBytes: count.nullable(),
  }),
})<{ mediaId: string; projectId: string; uploadKey: string; again: boolean; leaseS: number }>`
  with seen as (
    select m.id, m.status, m.deleted_at from media m
    where m.project_id = ${'projectId'}::uuid and m.id = ${'mediaId'}::uuid and m.upload_key = ${'uploadKey'}
  ), claimed as (
    update media m set status = 'processing', processing_until = app.now() + make_interval(secs => ${'leaseS'}::double precision)
    from seen s
    where m.id = s.id and m.deleted_at is null and (m.status = 'pending_upload'
      or (m.status = 'processing' and (m.processing_until < app.now() or ${'again'}::boolean)))
    returning m.declared_mime_type, m.declared_bytes
  )
  select
    case
      when c.declared_mime_type is not null then 'process'
      when s.id is null or s.deleted_at is not null then 'gone'
      when s.status in ('ready', 'failed') then 'done'
      else 'busy'
    end as outcome,
    c.declared_mime_type, c.declared_bytes::text as declared_bytes
  from (select 1) one left join seen s on true left join claimed c on true`;

/** Ready with all that was made of it, or failed with the reason. `gone`: deleted meanwhile. */
export const settleMedia = query({
  name: 'settleMedia',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ outcome: z.enum(['ok', 'done', 'gone']) }),
})<{ mediaId: string; projectId: string; result: Json; renditions: Json }>`
  with result as (
    select * from jsonb_to_record(${'result'}::jsonb) as r(status text, kind text, "mimeType" text, bytes bigint, width integer,
      height integer, "durationMs" integer, fps numeric, "videoCodec" text, "audioCodec" text, "failureCode" text, "failureReason" text)
  ), settled as (
    update media m
    set status = r.status, kind = r.kind, mime_type = r."mimeType", bytes = r.bytes, width = r.width, height = r.height,
      failure_code = r."failureCode", failure_reason = r."failureReason", processing_until = null
    from result r
    where m.project_id = ${'projectId'}::uuid and m.id = ${'mediaId'}::uuid and m.status = 'processing' and m.deleted_at is null
    returning m.id, m.project_id
  ), pictures as (
    insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256)
    select s.id, s.project_id, n.name, n.key, n."mimeType", n.bytes, n.width, n.height, n.sha256
    from settled s, jsonb_to_recordset(${'renditions'}::jsonb) as n(name text, key text, "mimeType" text, bytes bigint, width integer,
      height integer, sha256 text)
    returning 1
  ), video as (
    insert into videos (media_id, project_id, duration_ms, fps, video_codec, audio_codec)
    select s.id, s.project_id, r."durationMs", r.fps, r."videoCodec", r."audioCodec"
    from settled s, result r where r.kind = 'video' and r.status = 'ready'
    returning 1
  )
  select
    case
      when s.id is not null then 'ok'
      when m.id is null or m.deleted_at is not null then 'gone'
      else 'done'
    end as outcome
  from (select 1) one
  left join settled s on true
  left join media m on m.project_id = ${'projectId'}::uuid and m.id = ${'mediaId'}::uuid`;

/** Uploads that never came, and work that nobody finished. */
export const failStuck = query({ name: 'failStuck', kind: 'worker', access: 'guarded', row: z.object({ id }) })<{
  limit: number;
}>`
  with stuck as (
    select m.id from media m
    where m.deleted_at is null and m.status in ('pending_upload', 'processing')
      and case m.status
        when 'pending_upload' then m.upload_expires_at < app.now() - interval '10 minutes'
        else m.processing_until < app.now() - interval '1 hour'
      end
    order by m.upload_expires_at
    limit ${'limit'}::integer
    for update skip locked
  )
  update media m
  set status = 'failed', processing_until = null,
    failure_code = case m.status when 'pending_upload' then 'upload_missing' else 'processing_failed' end,
    failure_reason = case m.status
      when 'pending_upload' then 'The file was never uploaded.'
      else 'The file could not be processed. Upload it once more.' end
  from stuck s where m.id = s.id
  returning m.id`;

/** Deleted media whose objects may go: nothing that waits uses them, and no community post shows them. */
export const claimDeleted = query({
  name: 'claimDeleted',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id, keys: z.array(z.string()) }),
})<{ limit: number }>`
  with waiting as (
    select e.id, (e.payload ->> 'mediaId')::uuid as media_id
    from outbox_events e
    where e.dispatched_at is null and e.kind = 'media.deleted' and (e.lease_until is null or e.lease_until < app.now())
    order by e.created_at limit ${'limit'}::integer for update skip locked
  ), judged as (
    select w.id, w.media_id, exists (
      select from media m
      join post_media pm on pm.project_id = m.project_id and pm.media_id = m.id
      join post_publications pp on pp.project_id = pm.project_id and pp.post_id = pm.post_id
        and (pm.publication_id is null or pm.publication_id = pp.id)
      left join community_posts cp on cp.project_id = pp.project_id and cp.publication_id = pp.id and cp.deleted_at is null
      where m.id = w.media_id and (pp.state not in ('published', 'failed', 'cancelled') or cp.id is not null)
    ) as needed
    from waiting w
  ), leased as (
    update outbox_events e
    set attempts = e.attempts + 1,
      lease_until = app.now() + case when j.needed then interval '1 day' else interval '5 minutes' end
    from judged j where e.id = j.id
    returning e.id
  )
  select j.id, to_jsonb(array_remove(array[m.upload_key] || array(
      select r.object_key from media_renditions r where r.project_id = m.project_id and r.media_id = m.id), null)) as keys
  from judged j join leased l on l.id = j.id join media m on m.id = j.media_id
  where not j.needed`;

export const settleDeleted = query({
  name: 'settleDeleted',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ events: z.number(), renditions: z.number() }),
})<{ events: string[] }>`
  with done as (
    update outbox_events e set dispatched_at = app.now(), lease_until = null
    where e.id = any (${'events'}::uuid[]) and e.dispatched_at is null
    returning (e.payload ->> 'mediaId')::uuid as media_id
  ), gone as (
    delete from media_renditions r using done d, media m
    where m.id = d.media_id and r.project_id = m.project_id and r.media_id = m.id
    returning 1
  )
  select (select count(*) from done)::integer as events, (select count(*) from gone)::integer as renditions`;
