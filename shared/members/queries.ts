/** What is asked of memberships. Changes take the project first, so that those of ownership come one after the other. */
import { z } from 'zod';
import { face } from '../avatars/shapes.ts';
import type { Json } from '../db/parameters.ts';
import { query } from '../db/statement.ts';
import { Member } from './shapes.ts';

const memberRow = Member.extend(face.shape);

/** In the order in which they joined. Everybody in the project is one: no row at the beginning means that it is not the actor's. */
export const listMembers = query({ name: 'listMembers', kind: 'actor', access: 'read', row: memberRow })<{
  projectId: string;
  joinedAfter: string | null;
  idAfter: string | null;
  limit: number;
}>`
  with page as materialized (
    select c.user_id, c.role, c.permissions, c.created_at, c.version
    from project_collaborators c
    where c.project_id = ${'projectId'}::uuid
      and (${'idAfter'}::uuid is null or (c.created_at, c.user_id) > (${'joinedAfter'}::timestamptz, ${'idAfter'}::uuid))
    order by c.created_at, c.user_id limit ${'limit'}::integer + 1
  )
  select p.user_id, n.display_name, n.username, f.avatar_url, f.avatar_key, n.email, n.active, p.role, p.permissions, p.created_at as joined_at, p.version
  from page p join app.member_names(${'projectId'}::uuid, array(select user_id from page)) n on n.user_id = p.user_id
  left join app.faces(array(select user_id from page)) f on f.user_id = p.user_id
  order by p.created_at, p.user_id`;

export const getMember = query({ name: 'getMember', kind: 'actor', access: 'read', row: memberRow })<{
  projectId: string;
  userId: string;
}>`
  select c.user_id, n.display_name, n.username, f.avatar_url, f.avatar_key, n.email, n.active, c.role, c.permissions, c.created_at as joined_at, c.version
  from project_collaborators c
  join app.member_names(${'projectId'}::uuid, array[${'userId'}::uuid]) n on n.user_id = c.user_id
  left join app.faces(array[${'userId'}::uuid]) f on true
  where c.project_id = ${'projectId'}::uuid and c.user_id = ${'userId'}::uuid`;

/** Changes the fields that the patch names. */
export const changeMember = query({
  name: 'changeMember',
  kind: 'actor',
  access: 'write',
  row: memberRow.extend({ outcome: z.string() }),
})<{ projectId: string; userId: string; patch: Json; expectedVersion: number | null }>`
  select c.outcome, n.user_id, n.display_name, n.username, f.avatar_url, f.avatar_key, n.email, n.active, c.role, c.permissions, c.joined_at, c.version
  from app.change_member(${'projectId'}::uuid, ${'userId'}::uuid, ${'patch'}::jsonb, ${'expectedVersion'}::integer) c
  left join app.member_names(${'projectId'}::uuid, array[${'userId'}::uuid]) n on true
  left join app.faces(array[n.user_id]) f on true`;

export const removeMember = query({
  name: 'removeMember',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ projectId: string; userId: string; expectedVersion: number | null }>`
  select outcome from app.remove_member(${'projectId'}::uuid, ${'userId'}::uuid, ${'expectedVersion'}::integer)`;

export const transferProject = query({
  name: 'transferProject',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ projectId: string; userId: string; role: string }>`
  select outcome from app.transfer_project(${'projectId'}::uuid, ${'userId'}::uuid, ${'role'})`;
