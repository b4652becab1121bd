/** SMMP: accounts, posts and their publications, media and numbers, all in each person's own project. */
import { makeAccount } from './accounts.ts';
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { must, type SystemPlan, type TablePlan, text } from './plan.ts';

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

export const smmp: SystemPlan = {
  seed: '001',
  tables: [users, accounts, media],
  notes: [],
};
