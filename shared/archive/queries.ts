/** Partitions past their time, on their way from the database into the archive. */
import { z } from 'zod';
import { count, id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/** What is detached and not yet dropped, the oldest first, and how far it is written. */
export const nextArchive = query({
  name: 'nextArchive',
  kind: 'worker',
  access: 'read',
  row: z.object({
    id,
    tableName: z.string(),
    partitionName: z.string(),
    fromAt: instant.nullable(),
    toAt: instant,
    written: z.boolean(),
    lastNumber: z.number(),
    lastId: z.string().nullable(),
  }),
})<Record<never, never>>`
  select a.id, a.table_name, a.partition_name, a.from_at, a.to_at, a.written_at is not null as written,
    coalesce(p.number, 0) as last_number, p.last_id
  from partition_archives a
  left join lateral (select * from archive_parts p where p.archive_id = a.id order by p.number desc limit 1) p on true
  where a.dropped_at is null
  order by a.detached_at, a.id
  limit 1`;

export const detachExpired = query({
  name: 'detachExpired',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ tableName: z.string(), partitionName: z.string() }),
})<Record<never, never>>`select table_name, partition_name from app.detach_expired()`;

/** Rows in the order of their ids, so many bytes of them. None: the partition is read to its end. */
export const readArchivePage = query({
  name: 'readArchivePage',
  kind: 'worker',
  access: 'read',
  row: z.object({ id: z.string(), line: z.string() }),
})<{ archiveId: string; afterId: string | null; bytes: number }>`
  select id, line from app.archive_page(${'archiveId'}::uuid, ${'afterId'}, ${'bytes'}::integer)`;

/** Notes a stored object. No row: another archiver has written a part of this number. */
export const addArchivePart = query({
  name: 'addArchivePart',
  kind: 'worker',
  access: 'write',
  row: z.object({ number: z.number() }),
})<{
  archiveId: string;
  number: number;
  objectKey: string;
  rows: number;
  bytes: number;
  sha256: string;
  lastId: string;
}>`
  insert into archive_parts (archive_id, number, object_key, row_count, bytes, sha256, last_id)
  values (${'archiveId'}::uuid, ${'number'}::integer, ${'objectKey'}, ${'rows'}::bigint, ${'bytes'}::bigint, ${'sha256'}, ${'lastId'})
  on conflict on constraint archive_parts_pkey do nothing
  returning number`;

const part = z.object({ number: z.number(), objectKey: z.string(), rows: count, bytes: count, sha256: z.string() });
export type ArchivePart = z.output<typeof part>;

export const listArchiveParts = query({ name: 'listArchiveParts', kind: 'worker', access: 'read', row: part })<{
  archiveId: string;
}>`
  select p.number, p.object_key, p.row_count::text as rows, p.bytes::text as bytes, p.sha256
  from archive_parts p where p.archive_id = ${'archiveId'}::uuid order by p.number`;

export const markArchiveWritten = query({
  name: 'markArchiveWritten',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{ archiveId: string; manifestKey: string }>`
  update partition_archives a set written_at = app.now(), manifest_key = ${'manifestKey'}
  where a.id = ${'archiveId'}::uuid and a.dropped_at is null
  returning a.id`;

export const dropArchived = query({
  name: 'dropArchived',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ result: z.enum(['ok', 'wrong_state', 'changed']) }),
})<{ archiveId: string }>`select app.drop_archived(${'archiveId'}::uuid) as result`;

export const listArchives = query({
  name: 'listArchives',
  kind: 'worker',
  access: 'read',
  row: z.object({
    tableName: z.string(),
    partitionName: z.string(),
    manifestKey: z.string().nullable(),
    state: z.enum(['detached', 'written', 'dropped']),
    rows: count,
    bytes: count,
  }),
})<{ limit: number }>`
  select a.table_name, a.partition_name, a.manifest_key,
    case when a.dropped_at is not null then 'dropped' when a.written_at is not null then 'written' else 'detached' end as state,
    p.rows::text as rows, p.bytes::text as bytes
  from (select * from partition_archives order by id desc limit ${'limit'}::integer) a
  cross join lateral (
    select coalesce(sum(row_count), 0) as rows, coalesce(sum(bytes), 0) as bytes from archive_parts p where p.archive_id = a.id
  ) p
  order by a.table_name, a.to_at`;
