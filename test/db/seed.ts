/** Rows as the owner of the schema writes them: people, projects, accounts, posts and publications in any state. */
import { randomUUID } from 'node:crypto';
import type { Sql } from './database.ts';

async function insert(sql: Sql, table: string, row: Readonly<Record<string, unknown>>, key = 'id'): Promise<string> {
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  const [made] = await sql(
    `insert into ${table} (${columns.join(', ')}) values (${places.join(', ')}) returning ${key}::text as made`,
    Object.values(row),
  );
  return String(made?.made);
}

export interface Someone {
  readonly userId: string;
  readonly sessionId: string;
}

/** A verified person with an open session. */
export async function addPerson(sql: Sql, name: string): Promise<Someone> {
  const email = `${name}.${randomUUID()}@example.com`;
  const userId = await insert(sql, 'users', { email, password_hash: 'none', display_name: name });
  const sessionId = await insert(sql, 'user_sessions', { user_id: userId, refresh_hash: randomUUID() });
  return { userId, sessionId };
}

export interface Tenant {
  readonly projectId: string;
  readonly accountId: string;
}

/** A project with one account. */
export async function addTenant(sql: Sql, owner: string, platform = 'community'): Promise<Tenant> {
  const projectId = await insert(sql, 'projects', { name: `Launch ${randomUUID()}`, created_by: owner });
  await addMember(sql, projectId, owner, 'owner');
  return { projectId, accountId: await addAccount(sql, projectId, platform) };
}

export async function addMember(sql: Sql, projectId: string, userId: string, role: string): Promise<void> {
  await insert(sql, 'project_collaborators', { project_id: projectId, user_id: userId, role }, 'user_id');
}

export async function addAccount(sql: Sql, projectId: string, platform = 'community'): Promise<string> {
  return insert(sql, 'social_accounts', {
    project_id: projectId,
    platform,
    platform_account_id: randomUUID(),
    handle: `ada-${randomUUID()}`,
    base_url: '',
  });
}

export async function addPost(sql: Sql, projectId: string, dueAt: string | null = null): Promise<string> {
  const schedule = dueAt === null ? 'draft' : 'at';
  return insert(sql, 'posts', { project_id: projectId, text: 'Hello', schedule_type: schedule, due_at: dueAt });
}

export interface Wanted {
  readonly state?: string;
  /** Seconds from `app.now()`. */
  readonly dueInS?: number;
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** A publication of a post of its own, written straight in the wanted state. */
export async function addPublication(sql: Sql, tenant: Tenant, wanted: Wanted = {}): Promise<string> {
  const state = wanted.state ?? 'scheduled';
  const [due] = await sql('select (app.now() + make_interval(secs => $1))::text as at', [wanted.dueInS ?? 0]);
  const dueAt = String(due?.at);
  const postId = await addPost(sql, tenant.projectId, dueAt);
  return insert(sql, 'post_publications', {
    project_id: tenant.projectId,
    account_id: tenant.accountId,
    post_id: postId,
    platform: 'community',
    state,
    due_at: dueAt,
    ...(state === 'published' && { platform_post_id: randomUUID() }),
    ...((state === 'publishing' || state === 'processing') && { lease_until: dueAt, lease_token: randomUUID() }),
    ...(state === 'queued' && { generation: 1, queued_at: dueAt }),
    ...wanted.columns,
  });
}

export interface Publication {
  readonly state: string;
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** A post with a publication per state, each on an account of its own. */
export async function addPostWith(
  sql: Sql,
  projectId: string,
  wanted: readonly (string | Publication)[],
): Promise<{ postId: string; ids: string[] }> {
  const dueAt = '2031-01-01T00:00:00Z';
  const states = wanted.map((one) => (typeof one === 'string' ? { state: one } : one));
  const postId = await addPost(sql, projectId, states.every(({ state }) => state === 'draft') ? null : dueAt);
  const ids: string[] = [];
  for (const { state, columns } of states) {
    ids.push(
      await insert(sql, 'post_publications', {
        project_id: projectId,
        post_id: postId,
        account_id: await addAccount(sql, projectId),
        platform: 'community',
        state,
        due_at: state === 'draft' ? null : dueAt,
        ...(['published', 'processing'].includes(state) && { platform_post_id: 'p' }),
        ...(['publishing', 'processing'].includes(state) && { lease_until: dueAt }),
        ...columns,
      }),
    );
  }
  return { postId, ids };
}

export async function addMedia(sql: Sql, projectId: string): Promise<string> {
  const mediaId = await insert(sql, 'media', {
    project_id: projectId,
    file_name: 'a.mp4',
    declared_mime_type: 'video/mp4',
    declared_bytes: 1,
    upload_key: randomUUID(),
  });
  const both = { media_id: mediaId, project_id: projectId };
  const file = { object_key: 'k', mime_type: 'image/jpeg', bytes: 1, width: 1, height: 1, sha256: 'x' };
  await insert(sql, 'media_renditions', { ...both, name: 'thumb', ...file }, 'media_id');
  await insert(sql, 'videos', { ...both, duration_ms: 1, video_codec: 'h264' }, 'media_id');
  return mediaId;
}

export { insert as addRow };
