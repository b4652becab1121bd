/** Segmint: content, ideas and what was posted of it; a team's workflow, whose members become members of the owner's project. */
import { createHash } from 'node:crypto';
import { makeAccount } from './accounts.ts';
import { homeOf, makePerson, mergePeople, type PersonColumns } from './people.ts';
import { type Cells, type Context, must, Refused, ref, type SystemPlan, type TablePlan, text } from './plan.ts';
import { stateOf } from './publications.ts';
import type { Row } from './source.ts';

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

/** A post of the content on one platform. Without a profile there it waits for an account that is still to be connected. */
const posts: TablePlan = {
  table: 'PlatformPost',
  into: ['social_accounts', 'posts', 'post_publications'],
  shared: ['social_accounts'],
  more: {
    '@user': 'c.user_id',
    '@text': 'c.body',
    '@title': 'c.title',
    '@platform': 'p.name',
    '@account': `(select min(s.id) from "SocialProfile" s where s.user_id = c.user_id and lower(s.platform::text) = lower(p.name))`,
  },
  join: 'join "Content" c on c.id = t.content_id join "Platform" p on p.id = t.platform_id',
  make: (row, mapped, context) => {
    const id = context.target;
    const project_id = homeOf('User', row['@user']);
    const platform = platformName(row['@platform']);
    const account = row['@account'] === null ? placeholder(row, platform, context) : null;
    const at = row.created_at;
    const state = stateOf(
      {
        state: String(mapped.post_publications?.state),
        dueAt: row.scheduled_time,
        platformPostId: undefined,
        message: null,
        retries: 0,
      },
      context,
    );
    return {
      social_accounts: account,
      posts: {
        id,
        project_id,
        created_by: ref('User', row['@user']),
        text: row['@text'],
        title: row['@title'],
        schedule_type: 'at',
        due_at: row.scheduled_time,
      },
      post_publications: {
        id,
        project_id,
        post_id: id,
        account_id: account === null ? ref('SocialProfile', row['@account']) : account.id,
        platform,
        created_at: at,
        published_at: state.state === 'published' ? row.scheduled_time : null,
        ...state,
      },
    };
  },
};

function placeholder(row: Row, platform: string, context: Context): Cells {
  const origin = context.platforms.get(platform);
  if (origin === undefined) throw new Refused(`the platform ${platform} is not known here`);
  context.note(`there is no profile on ${platform}: an account waits to be connected`);
  const owner = String(row['@user']);
  return {
    id: context.newId(`SocialProfile#${platform}`, owner, null),
    project_id: homeOf('User', owner),
    platform,
    platform_account_id: `to be connected by ${owner}`,
    handle: 'to be connected',
    base_url: origin ?? '',
    status: 'pending',
    connected_by: ref('User', owner),
  };
}

/** A workflow there is a definition and its one outcome; here the outcome is a request, of which nobody said for what post. */
const workflows: TablePlan = {
  table: 'ApprovalWorkflow',
  into: ['approval_workflows', 'approval_requests'],
  make: (row, _, { target: id }) => {
    const project_id = homeOf('User', row.user_id);
    const decided = row.status !== 'pending';
    return {
      approval_workflows: { id, project_id, name: `Approval ${must(row, '@id')}` },
      approval_requests: {
        id,
        project_id,
        workflow_id: id,
        requested_by: ref('User', row.user_id),
        created_at: row.created_at,
        updated_at: row.updated_at,
        decided_at: decided ? row.updated_at : null,
      },
    };
  },
};

/** Who takes part becomes a member of the owner's project. */
const team: TablePlan = {
  table: 'TeamMember',
  into: ['project_collaborators', 'approval_members'],
  shared: ['project_collaborators'],
  more: { '@owner': 'w.user_id' },
  join: 'join "ApprovalWorkflow" w on w.id = t.workflow_id',
  make: (row, _, { target: id }) => {
    const project_id = homeOf('User', row['@owner']);
    const user_id = ref('User', row.member_id);
    return {
      project_collaborators: { project_id, user_id, role: row.role, created_at: row.created_at },
      approval_members: { id, project_id },
    };
  },
};

export const segmint: SystemPlan = {
  seed: '002',
  tables: [users, profiles, content, ideas, platforms, posts, workflows, team],
  notes: [],
};
