/** What administrators ask of people. The functions answer nobody else: without the role a person is not there. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { fragment, query } from '../db/statement.ts';
import { AdminUser, AdminUserDetails } from './shapes.ts';

const columns = fragment()`u.id, u.email, u.username, u.display_name, u.role, u.status, u.status_reason, u.email_verified_at,
    case when u.locked_until > app.now() then u.locked_until end as locked_until, u.last_login_at, u.deletion_requested_at,
    u.created_at, u.updated_at, u.version`;

/** Besides the people whether the asker is an administrator: to others even an empty list is not shown. */
export const listUsers = query({
  name: 'listUsers',
  kind: 'actor',
  access: 'read',
  row: z.object({ allowed: z.boolean(), people: z.array(AdminUser) }),
})<{
  search: string | null;
  role: string | null;
  status: string | null;
  sort: string;
  after: Json | null;
  limit: number;
}>`
  select (select app.is_staff('admin')) as allowed, coalesce((
    select jsonb_agg(jsonb_build_object('id', u.id, 'email', u.email, 'username', u.username, 'displayName', u.display_name,
      'role', u.role, 'status', u.status, 'statusReason', u.status_reason, 'emailVerifiedAt', u.email_verified_at,
      'lockedUntil', case when u.locked_until > app.now() then u.locked_until end, 'lastLoginAt', u.last_login_at,
      'deletionRequestedAt', u.deletion_requested_at, 'createdAt', u.created_at, 'updatedAt', u.updated_at, 'version', u.version)
      order by u.ordinality)
    from app.find_users(${'search'}, ${'role'}, ${'status'}, ${'sort'}, ${'after'}::jsonb, ${'limit'}::integer + 1) with ordinality u
  ), '[]'::jsonb) as people`;

export const lookAtUser = query({ name: 'lookAtUser', kind: 'actor', access: 'guarded', row: AdminUserDetails })<{
  userId: string;
}>`
  select ${columns}, l.second_factor, l.has_password, l.sessions, l.projects, l.identities, (
      select coalesce(jsonb_agg(jsonb_build_object('quota', q.quota, 'limit', q.most, 'own', q.own, 'used', q.used, 'resetsAt', q.resets_at)), '[]')
      from app.usage_of('user', u.id) q) as quotas
  from app.look_at_user(${'userId'}::uuid) l cross join lateral (select (l.account).*) u`;

const administered = AdminUser.extend({ outcome: z.string() });

export const administerUser = query({ name: 'administerUser', kind: 'actor', access: 'write', row: administered })<{
  userId: string;
  action: string;
  value: string | null;
  expectedVersion: number | null;
}>`
  select a.outcome, ${columns}
  from app.administer(${'userId'}::uuid, ${'action'}, ${'value'}, ${'expectedVersion'}::integer) a
    cross join lateral (select (a.account).*) u`;

export const forcePasswordReset = query({
  name: 'forcePasswordReset',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), mailId: id, recipient: z.string(), displayName: z.string() }),
})<{ userId: string; tokenHash: string; link: string }>`
  select outcome, mail_id, recipient, display_name
  from app.force_password_reset(${'userId'}::uuid, ${'tokenHash'}, ${'link'})`;
