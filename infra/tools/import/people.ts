/** What every system has: people. One is merged with whoever has the address here already, and has a personal project. */
import { createHash } from 'node:crypto';
import { withoutInvisible } from '../../../shared/text/visible.ts';
import { type Cells, type Context, type Made, type Merge, must, ref, text } from './plan.ts';
import type { Row } from './source.ts';

export interface PersonColumns {
  /** Their table of people; its name with #project names the personal projects. */
  readonly table: string;
  readonly email: string;
  readonly username?: string;
  readonly deletedAt?: string;
}

/** A person who was deleted there is nobody's double here. */
export function mergePeople({ email, username, deletedAt }: PersonColumns): Merge {
  return {
    into: 'users',
    keys: (row) => {
      if (deletedAt !== undefined && text(row, deletedAt) !== null) return [];
      const name = nameOf(row, username);
      return [`mail ${mailOf(row, email)}`, ...(name === null ? [] : [`name ${name.toLowerCase()}`])];
    },
    // A registration that nobody proved is nobody's account: who comes would bring all of theirs to whoever wrote it down.
    sql: `with wanted as (select key, substr(key, 6) as word from jsonb_array_elements_text(:keys::jsonb) k(key)),
      gone as (delete from users u using wanted w
        where w.key like 'mail %' and u.email = w.word and u.deleted_at is null and app.is_unclaimed(u) returning u.id),
      forgotten as (update users u set password_hash = null from wanted w
        where w.key like 'mail %' and u.email = w.word and u.deleted_at is null and app.is_unproven(u) and not app.is_unclaimed(u) returning u.id)
      select w.key, u.id::text as id from wanted w join users u on u.email = w.word and u.deleted_at is null
        where w.key like 'mail %' and not app.is_unclaimed(u)
      union all
      select 'home ' || w.word, p.id::text from wanted w join users u on u.email = w.word and u.deleted_at is null
        join projects p on p.created_by = u.id and p.personal and p.deleted_at is null where w.key like 'mail %'
      union all
      select w.key, u.id::text from wanted w join users u on lower(u.username) = w.word and u.deleted_at is null where w.key like 'name %'
      union all
      select w.key, a.id::text from wanted w join social_accounts a on lower(a.handle) = w.word and a.platform = 'community'
        and a.status <> 'disconnected' where w.key like 'name %'`,
  };
}

export interface Person {
  /** Cells of users, projects and project_collaborators. */
  readonly made: Made;
  readonly projectId: string;
  /** The name that is free here; null where they have none. */
  readonly username: string | null;
}

/** `displayName` may be empty: then the name, or what stands before the @. */
export function makePerson(row: Row, columns: PersonColumns, displayName: string | null, context: Context): Person {
  const key = String(row['@id']);
  const email = mailOf(row, columns.email);
  const home = context.found.get(`home ${email}`);
  const pseudo = `${columns.table}#project`;
  const since = row.created_at ?? row.createdAt;
  const projectId = home ?? context.newId(pseudo, key, since);
  context.alias(pseudo, key, projectId);
  if (context.merged) context.note(`is the person here who has the address ${email}; password and profile stay`);
  const username = freeName(row, columns, context);
  const project: Cells = {
    id: projectId,
    name: context.merged ? `Personal (${context.system})` : 'Personal',
    personal: true,
    created_by: context.target,
    created_at: since,
    deleted_at: columns.deletedAt === undefined ? null : row[columns.deletedAt],
  };
  return {
    projectId,
    username,
    made: {
      users: {
        id: context.target,
        display_name: displayName?.trim() || username || email.replace(/@.*/, ''),
        username,
      },
      projects: home === undefined ? project : null,
      project_collaborators:
        home === undefined
          ? { project_id: projectId, user_id: context.target, role: 'owner', created_at: since }
          : null,
    },
  };
}

/** The personal project of somebody there. */
export function homeOf(table: string, id: unknown) {
  return ref(`${table}#project`, id);
}

function mailOf(row: Row, column: string): string {
  return must(row, column).trim().toLowerCase();
}

/** Without what nobody sees, or it could be told from another's by nobody. */
function nameOf(row: Row, column: string | undefined): string | null {
  const name = column === undefined ? null : text(row, column);
  return name === null ? null : withoutInvisible(name) || null;
}

function freeName(row: Row, { username, table }: PersonColumns, context: Context): string | null {
  const name = nameOf(row, username);
  if (username !== undefined && name !== text(row, username)) context.note(`the name ${name} held what nobody sees`);
  if (name === null || context.merged || !context.found.has(`name ${name.toLowerCase()}`)) return name;
  const mark = createHash('sha256')
    .update(`${table}${String(row['@id'])}`)
    .digest('hex')
    .slice(0, 6);
  const free = `${name.slice(0, 43)}-${mark}`;
  context.note(`the name ${name} was taken: ${free}`);
  return free;
}
