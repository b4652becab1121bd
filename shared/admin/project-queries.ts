/** What administrators ask of projects whose owners can manage nothing any more. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { OwnerlessProject } from './project-shapes.ts';

/** Besides the projects whether the asker is an administrator: to others even an empty list is not shown. */
export const listOwnerlessProjects = query({
  name: 'listOwnerlessProjects',
  kind: 'actor',
  access: 'read',
  row: z.object({ allowed: z.boolean(), projects: z.array(OwnerlessProject) }),
})<{ ownerId: string | null; before: string | null; limit: number }>`
  select (select app.is_staff('admin')) as allowed, coalesce((
    select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'memberCount', p.member_count, 'ownerIds', p.owner_ids,
      'createdAt', p.created_at) order by p.id desc)
    from app.ownerless_projects(${'ownerId'}::uuid, ${'before'}::uuid, ${'limit'}::integer + 1) p), '[]'::jsonb) as projects`;

export const handOverProject = query({
  name: 'handOverProject',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), formerIds: z.array(id) }),
})<{ projectId: string; userId: string; role: string }>`
  select outcome, former_ids from app.hand_over_project(${'projectId'}::uuid, ${'userId'}::uuid, ${'role'})`;
