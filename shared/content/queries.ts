import { z } from 'zod';
import { count, id, instant, json } from '../db/columns.ts';
import { fragment, query } from '../db/statement.ts';
import { namedProject } from '../projects/named-project.ts';

const summaryRow = z.object({
  id,
  projectId: id,
  createdBy: id.nullable(),
  title: z.string(),
  excerpt: z.string(),
  contentType: z.string(),
  status: z.string(),
  platform: z.string().nullable(),
  language: z.string().nullable(),
  tags: z.array(z.string()),
  aiGenerated: z.boolean(),
  scheduledAt: instant.nullable(),
  publishedAt: instant.nullable(),
  createdAt: instant,
  updatedAt: instant,
  version: z.number(),
});

type Filters = {
  readonly projectId: string | null;
  readonly platform: string | null;
  readonly status: string | null;
  readonly since: string | null;
  readonly before: string | null;
  readonly limit: number;
};

/** Of a piece of content `p`. */
const summary = fragment()`
  p.id, p.project_id, p.created_by, p.title, left(coalesce(nullif(p.description, ''), p.body), 280) as excerpt, p.content_type,
  p.status, p.platform, p.language, p.tags, p.ai_generated, p.scheduled_at, p.published_at, p.created_at, p.updated_at, p.version`;

const matching = fragment<Filters>()`
  (${'platform'}::text is null or p.platform = ${'platform'})
    and (${'status'}::text is null or p.status = ${'status'})
    and (${'since'}::timestamptz is null or p.created_at >= ${'since'}::timestamptz)`;

/** Newest first; of each of the person's projects no more rows are read than the page can show. */
export const listContent = query({ name: 'listContent', kind: 'actor', access: 'read', row: summaryRow })<Filters>`
  select c.*
  from unnest(case when ${'projectId'}::uuid is null then app.projects_of('read') else array[${'projectId'}::uuid] end) as member (project_id)
  cross join lateral (
    select ${summary}
    from content p
    where p.project_id = member.project_id and p.deleted_at is null and ${matching}
      and (${'before'}::uuid is null or (p.created_at, p.id) < (select b.created_at, b.id from content b where b.id = ${'before'}::uuid))
    order by p.created_at desc, p.id desc
    limit ${'limit'}::integer + 1
  ) c
  order by c.created_at desc, c.id desc
  limit ${'limit'}::integer + 1`;

/** What fits best first. A page goes on behind the item `before`, as well as that one fits now. */
export const searchContent = query({ name: 'searchContent', kind: 'actor', access: 'read', row: summaryRow })<
  Filters & { words: string }
>`
  with found as materialized (
    select f.id, f.rank from app.search_content(${'words'}, ${'projectId'}::uuid) f
  )
  select ${summary}
  from found f
  join content p on p.id = f.id
  where ${matching}
    and (${'before'}::uuid is null or (f.rank, f.id) < (select b.rank, b.id from found b where b.id = ${'before'}::uuid))
  order by f.rank desc, f.id desc
  limit ${'limit'}::integer + 1`;

/** One piece whole, and the platforms that its posts went to. */
export const findContent = query({
  name: 'findContent',
  kind: 'actor',
  access: 'read',
  row: summaryRow.omit({ excerpt: true }).extend({
    description: z.string().nullable(),
    body: z.string(),
    script: z.string().nullable(),
    tone: z.string().nullable(),
    hashtags: z.array(z.string()),
    thumbnailMediaId: id.nullable(),
    thumbnailUrl: z.string().nullable(),
    videoMediaId: id.nullable(),
    videoUrl: z.string().nullable(),
    externalId: z.string().nullable(),
    metadata: json,
    likes: count,
    comments: count,
    shares: count,
    views: count,
    metricsAt: instant.nullable(),
    publications: z.array(
      z.object({
        id,
        postId: id,
        platform: z.string(),
        platformName: z.string(),
        state: z.string(),
        url: z.string().nullable(),
        publishedAt: instant.nullable(),
      }),
    ),
  }),
})<{ contentId: string }>`
  select c.id, c.project_id, c.created_by, c.title, c.description, c.body, c.script, c.tone, c.content_type, c.status, c.platform,
    c.language, c.tags, array(select h.tag from content_hashtags h where h.content_id = c.id order by h.tag) as hashtags,
    c.thumbnail_media_id, c.thumbnail_url, c.video_media_id, c.video_url, c.external_id, c.metadata, c.ai_generated, c.scheduled_at,
    c.published_at, c.created_at, c.updated_at, c.version, m.likes::text as likes, m.comments::text as comments,
    m.shares::text as shares, m.views::text as views, m.metrics_at,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', w.id, 'postId', w.post_id, 'platform', w.platform, 'platformName', w.display_name,
        'state', w.state, 'url', w.url, 'publishedAt', w.published_at) order by w.id desc)
      from (
        select pp.id, pp.post_id, pp.platform, f.display_name, pp.state, pp.url, pp.published_at
        from posts p
        join post_publications pp on pp.project_id = p.project_id and pp.post_id = p.id
        join platforms f on f.name = pp.platform
        where p.project_id = c.project_id and p.content_id = c.id and p.deleted_at is null
        order by pp.id desc limit 200
      ) w), '[]'::jsonb) as publications
  from content c
  join content_metrics m on m.content_id = c.id
  where c.id = ${'contentId'}::uuid and c.deleted_at is null`;

/** Read from the index alone. */
export const listContentTitles = query({
  name: 'listContentTitles',
  kind: 'actor',
  access: 'read',
  row: z.object({ id, projectId: id, title: z.string(), createdAt: instant }),
})<{ userId: string | null; before: string | null; limit: number }>`
  select c.id, c.project_id, c.title, c.created_at
  from content c
  where c.created_by = coalesce(${'userId'}::uuid, (select app.user_id())) and c.deleted_at is null
    and (${'before'}::uuid is null or (c.created_at, c.id) < (select b.created_at, b.id from content b where b.id = ${'before'}::uuid))
  order by c.created_at desc, c.id desc
  limit ${'limit'}::integer + 1`;

/** Each person's newest content of a project, numbered. */
export const listNewestByAuthor = query({
  name: 'listNewestByAuthor',
  kind: 'actor',
  access: 'read',
  row: z.object({
    id,
    createdBy: id.nullable(),
    number: z.number(),
    title: z.string(),
    status: z.string(),
    createdAt: instant,
  }),
})<{ projectId: string | null; since: string | null; each: number }>`
  select n.id, n.created_by, n.number::integer as number, n.title, n.status, n.created_at
  from (
    select c.id, c.created_by, c.title, c.status, c.created_at,
      row_number() over (partition by c.created_by order by c.created_at desc, c.id desc) as number
    from content c
    where c.project_id = ${namedProject} and c.deleted_at is null
      and c.created_at >= coalesce(${'since'}::timestamptz, app.now() - interval '30 days')
  ) n
  where n.number <= ${'each'}::integer
  order by n.created_by, n.number
  limit 1000`;
