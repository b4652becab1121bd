/** Social Live: everything there is our community. A person's posts go out through a community account in their personal project. */
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { type Cells, must, type Ref, ref, type SystemPlan, type TablePlan, text } from './plan.ts';
import type { Row } from './source.ts';

const person: PersonColumns = { table: 'users', email: 'email', username: 'username', deletedAt: 'deleted_at' };
const accountOf = (id: unknown): Ref | null => ref('users#account', id);

const users: TablePlan = {
  table: 'users',
  into: ['users', 'projects', 'project_collaborators', 'social_accounts'],
  merge: mergePeople(person),
  make: (row, _, context) => {
    const { made, projectId, username } = makePerson(row, person, text(row, 'full_name'), context);
    const key = String(row['@id']);
    const accountId = context.newId('users#account', key, row.created_at);
    context.alias('users#account', key, accountId);
    const deletedAt = row.deleted_at;
    return {
      ...made,
      users: { ...made.users, status: row.is_active === false ? 'deactivated' : 'active', ...verified(row) },
      social_accounts: {
        id: accountId,
        project_id: projectId,
        platform: 'community',
        platform_account_id: context.merged ? accountId : projectId,
        handle: context.merged ? `${must(row, 'username').slice(0, 43)}-${accountId.slice(-6)}` : username,
        display_name: text(row, 'full_name'),
        base_url: '',
        connected_by: context.target,
        created_at: row.created_at,
        ...(deletedAt !== null && { status: 'disconnected', disconnected_at: deletedAt }),
      },
    };
  },
};

/** Who was verified without a date was so from the first day. */
function verified(row: Row): Cells {
  return { email_verified_at: row.email_verified_at ?? (row.is_verified === true ? row.created_at : null) };
}

const KINDS_SHOWN = ['IMAGE', 'VIDEO'];

const posts: TablePlan = {
  table: 'posts',
  into: ['posts', 'post_publications', 'media', 'post_media', 'community_posts'],
  make: (row, mapped, context) => {
    const id = context.target;
    const at = row.created_at;
    const project_id = homeOf('users', row.user_id);
    const account_id = accountOf(row.user_id);
    const kind = text(row, 'media_type');
    const url = text(row, 'media_url');
    const shown = kind !== null && KINDS_SHOWN.includes(kind) ? kind.toLowerCase() : null;
    const medium = { id, kind: shown, altText: null, renditions: [] };
    return {
      posts: {
        id,
        project_id,
        schedule_type: 'at',
        due_at: at,
        created_at: at,
        updated_at: row.updated_at,
        deleted_at: row.deleted_at,
      },
      post_publications: {
        id,
        project_id,
        post_id: id,
        account_id,
        platform: 'community',
        state: 'published',
        due_at: at,
        published_at: at,
        platform_published_at: at,
        platform_post_id: id,
        removed_at: row.deleted_at,
        created_at: at,
      },
      media: url === null ? null : { id, project_id, created_by: ref('users', row.user_id), ...foreignFile(url, row) },
      post_media: url === null ? null : { project_id, post_id: id, media_id: id, position: 0 },
      community_posts: {
        ...mapped.community_posts,
        id,
        project_id,
        publication_id: id,
        account_id,
        text: text(row, 'content'),
        media: url === null ? [] : [medium],
      },
    };
  },
};

function foreignFile(url: string, row: Row): Cells {
  const name = url.split(/[?#]/)[0]?.split('/').at(-1) || 'file';
  return {
    status: 'ready',
    kind: text(row, 'media_type')?.toLowerCase() ?? 'document',
    file_name: name,
    declared_mime_type: 'application/octet-stream',
    declared_bytes: 0,
    provider: 'social-live',
    created_at: row.created_at,
  };
}

const comments: TablePlan = {
  table: 'comments',
  into: ['comments'],
  // Whoever is answered comes first.
  join: `join (
    with recursive thread as (
      select id, 0 as depth from comments where parent_id is null
      union all
      select c.id, thread.depth + 1 from comments c join thread on thread.id = c.parent_id
    ) select id, depth from thread
  ) thread on thread.id = t.id`,
  order: 'thread.depth, t.id',
  make: (row, _, { target: id }) => ({
    comments: { id, edited_at: row.is_edited === true ? (row.updated_at ?? row.created_at) : null },
  }),
};

const plain = (table: string, into: string, since?: string): TablePlan => ({
  table,
  into: [into],
  ...(since !== undefined && { since }),
  make: (_, __, { target: id }) => ({ [into]: { id } }),
});

const sessions: TablePlan = {
  ...plain('user_sessions', 'user_sessions'),
  make: (row, _, { target: id }) => ({
    user_sessions: {
      id,
      ...(row.is_active === false && {
        revoked_at: row.last_used_at ?? row.created_at,
        revoked_because: 'was over before the import',
      }),
    },
  }),
};

const files: TablePlan = {
  table: 'media_files',
  into: ['media'],
  make: (row, mapped, { target: id }) => {
    const mime = text(row, 'mime_type');
    const status = mapped.media?.status;
    return {
      media: {
        id,
        project_id: homeOf('users', row.user_id),
        status: status ?? 'pending_upload',
        kind: kindOf(mime),
        file_name: text(row, 'original_name') ?? must(row, 'filename'),
        declared_mime_type: mime ?? 'application/octet-stream',
        declared_bytes: text(row, 'file_size') ?? '0',
        provider: 'social-live',
        ...(status === 'failed' && { failure_code: 'imported', failure_reason: 'Processing failed at Social Live.' }),
      },
    };
  },
};

function kindOf(mime: string | null): string {
  const kind = mime?.split('/')[0] ?? '';
  if (mime === 'image/gif') return 'gif';
  return ['image', 'video', 'audio'].includes(kind) ? kind : 'document';
}

/** What never stands readable in our log: secrets, and what tells who somebody is. */
const SECRET = /password|token|secret|hash/;
const PERSONAL = /e_?mail|user_?name|full_name|first_name|last_name|^bio$|picture|avatar|^ip|phone|user_agent|device/;

function withoutSecrets(values: unknown): unknown {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return null;
  const kept = Object.entries(values).map(([key, value]) => {
    if (SECRET.test(key)) return [key, { hidden: 'secret' }] as const;
    return [key, PERSONAL.test(key) ? { hidden: 'personal' } : value] as const;
  });
  return Object.fromEntries(kept);
}

/** Rows go into the log with a note that they are not sealed yet, as the log's own rows do. */
const audit: TablePlan = {
  table: 'audit_log',
  into: ['audit_log', 'audit_unsealed'],
  since: 'timestamp',
  make: (row, _, { target: id, now }) => {
    const occurred_at = row.timestamp ?? now.toISOString();
    return {
      audit_log: {
        id,
        occurred_at,
        actor: row.user_id === null ? 'operator' : 'person',
        user_id: ref('users', row.user_id, true),
        old_values: withoutSecrets(row.old_values),
        new_values: withoutSecrets(row.new_values),
      },
      audit_unsealed: { audit_id: id, occurred_at },
    };
  },
};

const targets: Readonly<Record<string, string>> = {
  POST: 'posts',
  COMMENT: 'comments',
  USER_PROFILE: 'users',
  MEDIA: 'media_files',
};

const moderation: TablePlan = {
  table: 'content_moderation',
  into: ['content_moderation'],
  make: (row, mapped, { target: id, note }) => {
    const decided = ['approved', 'rejected'].includes(String(mapped.content_moderation?.status));
    const reviewedAt = row.reviewed_at ?? row.created_at;
    if (!decided && row.reviewed_at !== null) note('is not decided, so the date of its review was left out');
    return {
      content_moderation: {
        id,
        target_id: ref(targets[must(row, 'content_type')] ?? '', row.content_id),
        reviewed_at: decided ? reviewedAt : null,
      },
    };
  },
};

export const socialLive: SystemPlan = {
  seed: '004',
  tables: [
    users,
    posts,
    comments,
    plain('user_followers', 'user_followers'),
    plain('user_engagement', 'user_engagement'),
    { ...plain('user_engagement_archive', 'user_engagement'), shared: ['user_engagement'] },
    plain('feed_items', 'feed_items'),
    sessions,
    plain('password_reset_tokens', 'password_reset_tokens'),
    files,
    moderation,
    plain('user_analytics', 'user_analytics'),
    plain('system_metrics', 'system_metrics', 'timestamp'),
    audit,
  ],
  notes: [
    'Passwords keep their hashes: whoever logs in first asks for a new one by “forgot password”.',
    'Sessions are kept as history; everybody logs in anew.',
    'Files stay where they are (source_url, provider_key): nothing was copied.',
  ],
};
