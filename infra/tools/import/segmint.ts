/** Segmint: content, ideas and what was posted of it; a team's workflow, whose members become members of the owner's project. */
import { createHash } from 'node:crypto';
import { makeAccount } from './accounts.ts';
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { must, Refused, type SystemPlan, type TablePlan, text } from './plan.ts';

const person: PersonColumns = { table: 'User', email: 'email', username: 'username' };

const users: TablePlan = {
  table: 'User',
  into: ['users', 'projects', 'project_collaborators'],
  merge: mergePeople(person),
  make: (row, _, context) => {
    const { made } = makePerson(row, person, null, context);
    return { ...made, users: { ...made.users, email_verified_at: null } };
  },
};

const profiles: TablePlan = {
  table: 'SocialProfile',
  into: ['social_accounts', 'account_tokens'],
  make: async (row, mapped, context) => {
    const handle = must(row, 'profile_handle').replace(/^@/, '');
    const made = await makeAccount(
      {
        platform: must(row, 'platform').toLowerCase(),
        // It kept no id of the platform: the account is recognised by its handle until it is connected anew.
        platformAccountId: handle,
        access: text(row, 'access_token'),
        refresh: text(row, 'refresh_token'),
        table: 'User',
        userId: must(row, 'user_id'),
      },
      context,
    );
    return { ...made, account_tokens: { ...mapped.account_tokens, ...made.account_tokens } };
  },
};

const content: TablePlan = {
  table: 'Content',
  into: ['content'],
  make: (row, _, { target: id }) => ({ content: { id, project_id: homeOf('User', row.user_id) } }),
};

const ideas: TablePlan = {
  table: 'IdeaSuggestion',
  into: ['idea_suggestions'],
  more: { '@user': 'c.user_id' },
  join: 'join "Content" c on c.id = t.content_id',
  make: (row, _, { target: id }) => ({
    idea_suggestions: { id, project_id: homeOf('User', row['@user']), source: 'import' },
  }),
};

/** Theirs are ours by name; nothing is written. */
const platforms: TablePlan = {
  table: 'Platform',
  into: [],
  same: (row) =>
    createHash('md5')
      .update(platformName(row.name))
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  make: (row, _, context) => {
    const name = platformName(row.name);
    if (!context.platforms.has(name)) throw new Refused(`the platform ${name} is not known here`);
    return {};
  },
};

function platformName(value: unknown): string {
  return String(value).trim().toLowerCase();
}

export const segmint: SystemPlan = { seed: '002', tables: [users, profiles, content, ideas, platforms], notes: [] };
