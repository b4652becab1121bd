/** SocialFlow: videos, their clips and posts, in projects with collaborators. */
import { makeAccount } from './accounts.ts';
import { hashtag } from './change.ts';
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { type Cells, type Context, must, ref, type SystemPlan, type TablePlan, text } from './plan.ts';
import { stateOf } from './publications.ts';
import type { Row } from './source.ts';

const person: PersonColumns = { table: 'user', email: 'email', deletedAt: '@deleted' };
/** Soft deletion is an instant here; who was only marked was deleted when this was imported. */
const DELETED = { '@deleted': 'coalesce(t.deleted_at, case when t.is_deleted then now() end)' };
const PASSWORD_PROVIDERS = ['password', 'local', 'email'];

const users: TablePlan = {
  table: 'user',
  into: [
    'users',
    'projects',
    'project_collaborators',
    'user_identities',
    'email_verification_tokens',
    'password_reset_tokens',
  ],
  more: DELETED,
  reads: ['password_hash', 'name'],
  merge: mergePeople(person),
  make: (row, mapped, context) => {
    const { made } = makePerson(row, person, text(row, 'name'), context);
    const user_id = context.target;
    const provider = text(row, 'auth_provider')?.toLowerCase() ?? 'password';
    const outside = !PASSWORD_PROVIDERS.includes(provider);
    const key = String(row['@id']);
    return {
      ...made,
      users: {
        ...made.users,
        password_hash: text(row, 'password_hash'),
        email_verified_at: row.is_verified === true ? row.created_at : null,
        deleted_at: row['@deleted'],
      },
      // Who they are there is not said; their next sign-in is recognised by the address.
      user_identities: outside
        ? { user_id, provider, subject: `${context.system}-${key}`, email: text(row, 'email')?.toLowerCase() }
        : null,
      email_verification_tokens: mapped.email_verification_tokens === undefined ? null : { user_id },
      password_reset_tokens:
        mapped.password_reset_tokens === undefined
          ? null
          : { user_id, token_hash: `imported ${context.system} ${key}` },
    };
  },
};

const preferences: TablePlan = {
  table: 'user_preferences',
  into: ['user_preferences'],
  make: (_, __, { target: id }) => ({ user_preferences: { id } }),
};

const projects: TablePlan = {
  table: 'project',
  into: ['projects', 'project_collaborators'],
  more: DELETED,
  make: (row, _, { target: id }) => ({
    projects: { id, created_at: row.created_at, deleted_at: row['@deleted'] },
    project_collaborators: {
      project_id: id,
      user_id: ref('user', row.user_id),
      role: 'owner',
      created_at: row.created_at,
    },
  }),
};

const PERMISSIONS = ['review', 'approve', 'write'];

const collaborators: TablePlan = {
  table: 'project_collaborators',
  id: `t.project_id || ' ' || t.user_id`,
  more: { '@owner': 'p.user_id' },
  join: 'join project p on p.id = t.project_id',
  into: ['project_collaborators'],
  same: (row) => ref('user', row.user_id),
  make: (row, _, { note }) => {
    // The owner came with the project.
    if (row['@owner'] === row.user_id) return {};
    const given = Array.isArray(row.permissions) ? row.permissions.map(String) : [];
    const foreign = given.filter((word) => !PERMISSIONS.includes(word));
    if (foreign.length > 0)
      note(`permissions that are not known here were left out: ${foreign.join(', ').slice(0, 100)}`);
    return { project_collaborators: { permissions: given.filter((word) => PERMISSIONS.includes(word)) } };
  },
};

const accounts: TablePlan = {
  table: 'social_account',
  into: ['social_accounts', 'account_tokens'],
  more: DELETED,
  reads: ['platform', 'username'],
  make: async (row, _, context) => {
    const handle = must(row, 'username').replace(/^@/, '');
    const made = await makeAccount(
      {
        platform: must(row, 'platform').toLowerCase(),
        platformAccountId: handle,
        access: text(row, 'access_token'),
        refresh: text(row, 'refresh_token'),
        table: 'user',
        userId: must(row, 'user_id'),
      },
      context,
    );
    const gone: Cells = row['@deleted'] === null ? {} : { status: 'disconnected', disconnected_at: row['@deleted'] };
    return { ...made, social_accounts: { ...made.social_accounts, handle, ...gone } };
  },
};

const videos: TablePlan = {
  table: 'video',
  into: ['media', 'videos'],
  more: DELETED,
  reads: ['file_name', 'duration'],
  make: (row, mapped, { target: id }) => {
    const file = must(row, 'file_name');
    const failed = mapped.media?.status === 'failed';
    return {
      media: {
        id,
        file_name: file.slice(-255),
        declared_mime_type: 'video/*',
        declared_bytes: 0,
        kind: 'video',
        provider: 'socialflow',
        provider_key: file,
        deleted_at: row['@deleted'],
        ...(failed && { failure_code: 'imported', failure_reason: 'Processing failed at SocialFlow.' }),
      },
      videos: {
        media_id: id,
        project_id: ref('project', row.project_id),
        duration_ms: Math.round(Number(row.duration) * 1_000),
        video_codec: 'unknown',
      },
    };
  },
};

const clips: TablePlan = {
  table: 'clip',
  into: ['clips'],
  more: { ...DELETED, '@project': 'v.project_id' },
  join: 'join video v on v.id = t.video_id',
  make: (row: Row, _, { target: id }) => ({
    clips: { id, project_id: ref('project', row['@project']), deleted_at: row['@deleted'] },
  }),
};

const categories: TablePlan = {
  table: 'content_categories',
  into: ['content_categories'],
  make: (row, _, { target: id }) => ({ content_categories: { id, project_id: homeOf('user', row.user_id) } }),
};

/** Categories were a person's and are a project's: each is there once more in every project that uses it. */
const inCategory = (table: string, column: string, into: string, thing: string, project: string): TablePlan => ({
  table,
  id: `t.category_id || ' ' || t.${column}`,
  into: ['content_categories', into],
  shared: ['content_categories'],
  more: { '@user': 'c.user_id', '@name': 'c.name', '@color': 'c.color', '@project': project },
  join: `join content_categories c on c.id = t.category_id
    join ${thing} x on x.id = t.${column} ${thing === 'clip' ? 'join video v on v.id = x.video_id' : ''}`,
  same: (row) => ref(thing, row[column]),
  make: (row, _, { newId, alias }) => {
    const copies = `content_categories#${must(row, '@project')}`;
    const category = must(row, 'category_id');
    const id = newId(copies, category, null);
    alias(copies, category, id);
    const project_id = ref('project', row['@project']);
    const { '@name': name, '@color': color } = row;
    return {
      content_categories: { id, project_id, name, color, created_by: ref('user', row['@user']) },
      [into]: { project_id, category_id: id, [column]: ref(thing, row[column]) },
    };
  },
});

const hashtags: TablePlan = {
  table: 'hashtags',
  into: ['hashtags'],
  merge: {
    into: 'hashtags',
    keys: (row) => [hashtag(row.tag)],
    sql: `select h.tag as key, h.id::text as id from jsonb_array_elements_text(:keys::jsonb) k(tag) join hashtags h on h.tag = k.tag`,
  },
  make: (_, __, { target: id }) => ({ hashtags: { id } }),
};

const templates: TablePlan = {
  table: 'content_template',
  into: ['content_templates', 'content_template_versions', 'template_platform_variations'],
  more: DELETED,
  reads: ['content'],
  make: (row, _, context) => {
    const id = context.target;
    const project_id = homeOf('user', row.user_id);
    const body = must(row, 'content');
    return {
      content_templates: { id, project_id, deleted_at: row['@deleted'] },
      content_template_versions: {
        id,
        project_id,
        template_id: id,
        body,
        variables: [...new Set([...body.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name]) => name))],
        created_at: row.created_at,
        created_by: ref('user', row.user_id),
      },
      template_platform_variations: variationsOf(row.platform_variations, context).map((variation) => ({
        project_id,
        version_id: id,
        ...variation,
      })),
    };
  },
};

/** {platform: text} or {platform: {body or content, …}}: the rest becomes options. */
function variationsOf(value: unknown, { platforms, note }: Context): Cells[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, wording]) => {
    const platform = name.trim().toLowerCase();
    if (!platforms.has(platform)) {
      note(`its wording for ${name.slice(0, 60)} was left out: that platform is not known here`);
      return [];
    }
    if (typeof wording !== 'object' || wording === null) return [{ platform, body: String(wording ?? '') }];
    const { body, content, ...options } = wording;
    return [{ platform, body: String(body ?? content ?? ''), options }];
  });
}

const posts: TablePlan = {
  table: 'post',
  into: ['posts', 'post_publications'],
  more: { ...DELETED, '@user': 'a.user_id', '@platform': 'a.platform' },
  join: 'join social_account a on a.id = t.account_id',
  reads: ['content'],
  make: (row, mapped, context) => {
    const id = context.target;
    const project_id = homeOf('user', row['@user']);
    const dueAt = row.published_at ?? row.created_at;
    const state = { state: String(mapped.post_publications?.state), dueAt, platformPostId: undefined, message: null };
    return {
      posts: {
        id,
        project_id,
        created_by: ref('user', row['@user']),
        text: must(row, 'content'),
        schedule_type: 'at',
        due_at: dueAt,
        deleted_at: row['@deleted'],
      },
      post_publications: {
        id,
        project_id,
        post_id: id,
        platform: String(row['@platform']).toLowerCase(),
        created_at: row.created_at,
        ...stateOf({ ...state, retries: Number(row.retry_count ?? 0) }, context),
      },
    };
  },
};

const variations: TablePlan = {
  table: 'post_variations',
  into: ['post_variations'],
  more: { '@user': 'a.user_id' },
  join: 'join post p on p.id = t.original_post_id join social_account a on a.id = p.account_id',
  make: (row, _, { target: id }) => {
    const project_id = homeOf('user', row['@user']);
    return { post_variations: { id, project_id, created_by: ref('user', row['@user']) } };
  },
};

/** A rule of which it is not said what it means: kept as it is, and not acted upon. */
const schedules: TablePlan = {
  table: 'publishing_schedules',
  into: ['publishing_schedules'],
  make: (row, _, { target: id }) => ({
    publishing_schedules: { id, project_id: homeOf('user', row.user_id), name: `Schedule ${must(row, '@id')}` },
  }),
};

export const socialflow: SystemPlan = {
  seed: '000',
  tables: [
    users,
    preferences,
    projects,
    collaborators,
    accounts,
    videos,
    clips,
    categories,
    inCategory('content_category_videos', 'video_id', 'video_categories', 'video', 'x.project_id'),
    inCategory('content_category_clips', 'clip_id', 'clip_categories', 'clip', 'v.project_id'),
    hashtags,
    templates,
    posts,
    variations,
    schedules,
  ],
  notes: [
    'Tokens that SocialFlow had encrypted are of no use here: such accounts have to be connected anew, and keep their ids.',
    'Publishing schedules are kept with their rules, and plan nothing by themselves.',
  ],
};
