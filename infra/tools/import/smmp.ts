/** SMMP: accounts, posts and their publications, media and numbers, all in each person's own project. */
import { makeAccount } from './accounts.ts';
import { hashtag } from './change.ts';
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { must, ref, type SystemPlan, type TablePlan, text } from './plan.ts';
import { stateOf } from './publications.ts';

const person: PersonColumns = { table: 'users', email: 'email' };

const users: TablePlan = {
  table: 'users',
  since: 'createdAt',
  into: ['users', 'projects', 'project_collaborators', 'user_preferences'],
  merge: mergePeople(person),
  make: (row, mapped, context) => {
    const { made } = makePerson(row, person, text(row, 'name'), context);
    const preferences = mapped.user_preferences;
    return {
      ...made,
      users: {
        ...made.users,
        status: row.isActive === false ? 'deactivated' : 'active',
        email_verified_at: row.emailVerified === true ? row.createdAt : null,
      },
      user_preferences: preferences === undefined || context.merged ? null : { user_id: context.target },
    };
  },
};

const accounts: TablePlan = {
  table: 'social_accounts',
  since: 'createdAt',
  into: ['social_accounts', 'account_tokens'],
  make: async (row, mapped, context) => {
    const made = await makeAccount(
      {
        platform: must(row, 'platform'),
        platformAccountId: must(row, 'platformUserId'),
        access: text(row, 'accessToken'),
        refresh: text(row, 'refreshToken'),
        table: 'users',
        userId: must(row, 'userId'),
      },
      context,
    );
    const status = must(row, 'status');
    return {
      ...made,
      social_accounts: {
        ...made.social_accounts,
        connected_at: row.createdAt,
        ...(status !== 'active' && { status_reason: status }),
      },
      account_tokens: made.account_tokens === null ? null : { ...mapped.account_tokens, ...made.account_tokens },
    };
  },
};

const media: TablePlan = {
  table: 'media',
  since: 'createdAt',
  into: ['media', 'post_media'],
  more: { '@user': 'p."userId"' },
  join: 'join posts p on p.id = t."postId"',
  make: (row, _, { target: id }) => {
    const project_id = homeOf('users', row['@user']);
    const url = must(row, 'url');
    return {
      media: {
        id,
        project_id,
        status: 'ready',
        file_name: text(row, 'title') ?? (url.split(/[?#]/)[0]?.split('/').at(-1) || 'file'),
        declared_mime_type: text(row, 'mimeType') ?? 'application/octet-stream',
        declared_bytes: text(row, 'fileSize') ?? '0',
      },
      post_media: { project_id, media_id: id },
    };
  },
};

const posts: TablePlan = {
  table: 'posts',
  since: 'createdAt',
  into: ['posts', 'hashtags', 'post_hashtags', 'post_mentions'],
  shared: ['hashtags', 'post_hashtags', 'post_mentions'],
  make: (row, _, { target: id, note }) => {
    const project_id = homeOf('users', row.userId);
    const dueAt = row.scheduledAt ?? row.publishedAt ?? (row.status === 'draft' ? null : row.createdAt);
    const tags = [...new Set(listOf(row.hashtags).map(hashtag))].filter((tag) => tag !== '');
    const handles = new Set(listOf(row.mentions).map((handle) => handle.trim().replace(/^@/, '').toLowerCase()));
    return {
      posts: {
        id,
        project_id,
        schedule_type: dueAt === null ? 'draft' : 'at',
        due_at: dueAt,
        slug: slugOf(text(row, 'slug'), note),
      },
      hashtags: tags.map((tag) => ({ tag })),
      post_hashtags: tags.map((tag) => ({ project_id, post_id: id, tag })),
      post_mentions: [...handles].map((handle) => ({ project_id, post_id: id, handle })),
    };
  },
};

/** In the form of posts_slug_form: words of small letters and digits between dashes. */
function slugOf(slug: string | null, note: (text: string) => void): string | null {
  if (slug === null) return null;
  const plain = slug
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_-]+/gu, '-')
    .replace(/^[_-]+|[_-]+$/g, '');
  if (plain !== slug) note(`its slug became “${plain.slice(0, 80)}”`);
  return plain === '' ? null : plain;
}

/** A list of texts, or of objects that have one under a usual name. */
function listOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => {
    if (typeof item !== 'object' || item === null) return [String(item)];
    const named = item.tag ?? item.username ?? item.handle ?? item.name;
    return typeof named === 'string' ? [named] : [];
  });
}

const publications: TablePlan = {
  table: 'post_publications',
  since: 'createdAt',
  into: ['post_publications'],
  more: { '@user': 'p."userId"' },
  join: 'join posts p on p.id = t."postId"',
  make: (row, mapped, context) => ({
    post_publications: {
      id: context.target,
      project_id: homeOf('users', row['@user']),
      ...stateOf(
        {
          state: String(mapped.post_publications?.state),
          dueAt: row.scheduledFor ?? row.publishedAt ?? row.createdAt,
          platformPostId: text(row, 'platformPostId'),
          message: text(row, 'errorMessage'),
          retries: Number(row.retryCount ?? 0),
        },
        context,
      ),
    },
  }),
};

const numbers: TablePlan = {
  table: 'analytics',
  since: 'createdAt',
  into: ['analytics'],
  more: { '@user': 'p."userId"', '@account': 'x."socialAccountId"' },
  join: 'join post_publications x on x.id = t."postPublicationId" join posts p on p.id = x."postId"',
  make: (row, _, { target: id }) => ({
    analytics: {
      id,
      project_id: homeOf('users', row['@user']),
      account_id: ref('social_accounts', row['@account']),
      source: 'import',
    },
  }),
};

export const smmp: SystemPlan = {
  seed: '001',
  tables: [users, accounts, posts, publications, media, numbers],
  notes: [
    'Tokens that SMMP had encrypted are of no use here: such accounts have to be connected anew, and keep their ids.',
    'What is scheduled in the future goes out from here: stop the old system first.',
  ],
};
