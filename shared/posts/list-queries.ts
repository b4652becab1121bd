/** Lists of posts: the newest, by hashtag, by words and by date. */
import { z } from 'zod';
import { fragment, query } from '../db/statement.ts';
import { postRow } from './queries.ts';

const row = postRow.extend({ cut: z.boolean() });

type Filters = {
  readonly projectId: string | null;
  readonly accountId: string | null;
  readonly createdBy: string | null;
  readonly status: string | null;
  readonly externalId: string | null;
  readonly updatedSince: string | null;
  readonly before: string | null;
  readonly limit: number;
};

/**
 * Project by project, of each no more than the page can show: by the order of ids alone PostgreSQL would walk through everybody's
 * posts.
 */
const projects = fragment<Filters>()`
  unnest(case when ${'projectId'}::uuid is null then app.projects_of('read') else array[${'projectId'}::uuid] end) as member (project_id)`;

const columns = fragment()`
  p.id, p.project_id, app.post_status(coalesce(pubs.states, '{}')) as status, p.text, p.schedule_type, p.due_at, p.wall_time, p.time_zone,
  p.external_id, p.metadata, p.created_by, p.created_at, p.updated_at, coalesce(pubs.publications, '[]'::jsonb) as publications`;

/** Of a post `p` and its publications `pubs`. */
const matching = fragment<Filters>()`
  p.deleted_at is null
    and (${'externalId'}::text is null or p.external_id = ${'externalId'})
    and (${'createdBy'}::uuid is null or p.created_by = ${'createdBy'}::uuid)
    and (${'accountId'}::uuid is null or ${'accountId'}::uuid = any (pubs.accounts))
    and (${'updatedSince'}::timestamptz is null or greatest(p.updated_at, pubs.updated_at) >= ${'updatedSince'}::timestamptz)
    and (${'status'}::text is null or app.post_status(coalesce(pubs.states, '{}')) = ${'status'})`;

const tagged = fragment<{ readonly hashtag: string | null }>()`
  (${'hashtag'}::text is null or exists (
    select from post_hashtags l where l.project_id = p.project_id and l.post_id = p.id and l.tag = app.normal_hashtag(${'hashtag'})))`;

/** A page, in the order of its `position`, ends early (`cut`) where it would not fit into one answer of the Data API, one megabyte. */
const fitting = fragment()`
  sized as (
    select page.*, sum(octet_length(row_to_json(page)::text)) over (order by page.position) as bytes from page
  )
  select s.id, s.project_id, s.status, s.text, s.schedule_type, s.due_at, s.wall_time, s.time_zone, s.external_id, s.metadata,
    s.created_by, s.created_at, s.updated_at, s.publications,
    (select count(*) from sized) > (select count(*) from sized f where f.bytes <= 700000 or f.position = 1) as cut
  from sized s
  where s.bytes <= 700000 or s.position = 1
  order by s.position`;

export const listPosts = query({ name: 'listPosts', kind: 'actor', access: 'read', row })<Filters>`
  with page as (
    select f.*, row_number() over (order by f.id desc) as position
    from ${projects}
    cross join lateral (
      select ${columns}
      from posts p
      left join lateral app.publications_of(p.id) pubs on true
      where p.project_id = member.project_id and ${matching}
        and (${'before'}::uuid is null or p.id < ${'before'}::uuid)
      order by p.id desc
      limit ${'limit'}::integer + 1
    ) f
    order by f.id desc
    limit ${'limit'}::integer + 1
  ), ${fitting}`;

/** From the tag to the posts that have it, newest first. */
export const listPostsByHashtag = query({ name: 'listPostsByHashtag', kind: 'actor', access: 'read', row })<
  Filters & { readonly hashtag: string }
>`
  with page as (
    select f.*, row_number() over (order by f.id desc) as position
    from ${projects}
    cross join lateral (
      select ${columns}
      from post_hashtags l
      join posts p on p.project_id = l.project_id and p.id = l.post_id
      left join lateral app.publications_of(p.id) pubs on true
      where l.project_id = member.project_id and l.tag = app.normal_hashtag(${'hashtag'}) and ${matching}
        and (${'before'}::uuid is null or l.post_id < ${'before'}::uuid)
      order by l.post_id desc
      limit ${'limit'}::integer + 1
    ) f
    order by f.id desc
    limit ${'limit'}::integer + 1
  ), ${fitting}`;

/** What is due in the future, soonest first. A page goes on behind the post `before`. */
export const listPostsDue = query({ name: 'listPostsDue', kind: 'actor', access: 'read', row })<
  Filters & { readonly hashtag: string | null }
>`
  with page as (
    select f.*, row_number() over (order by f.due_at, f.id) as position
    from ${projects}
    cross join lateral (
      select ${columns}
      from posts p
      left join lateral app.publications_of(p.id) pubs on true
      where p.project_id = member.project_id and p.due_at > app.now() and ${matching} and ${tagged}
        and (${'before'}::uuid is null or (p.due_at, p.id) > (select b.due_at, b.id from posts b where b.id = ${'before'}::uuid))
      order by p.due_at, p.id
      limit ${'limit'}::integer + 1
    ) f
    order by f.due_at, f.id
    limit ${'limit'}::integer + 1
  ), ${fitting}`;

/** What fits best first. A page goes on behind the post `before`, as well as that one fits now. */
export const searchPosts = query({ name: 'searchPosts', kind: 'actor', access: 'read', row })<
  Filters & { readonly hashtag: string | null; readonly words: string }
>`
  with found as materialized (
    select w.id, w.rank from app.search_posts(${'words'}, ${'projectId'}::uuid) w
  ), page as (
    select ${columns}, row_number() over (order by f.rank desc, f.id desc) as position
    from found f
    join posts p on p.id = f.id
    left join lateral app.publications_of(p.id) pubs on true
    where ${matching} and ${tagged}
      and (${'before'}::uuid is null or (f.rank, f.id) < (select b.rank, b.id from found b where b.id = ${'before'}::uuid))
    order by f.rank desc, f.id desc
    limit ${'limit'}::integer + 1
  ), ${fitting}`;
