/** A database in use: thousands of rows in every table that grows, a few of them the asking person's. */
import * as accounts from './crowd/accounts.ts';
import * as analytics from './crowd/analytics.ts';
import * as approvals from './crowd/approvals.ts';
import * as audit from './crowd/audit.ts';
import * as community from './crowd/community.ts';
import * as content from './crowd/content.ts';
import type { CrowdStep } from './crowd/format.ts';
import * as identity from './crowd/identity.ts';
import * as media from './crowd/media.ts';
import * as messaging from './crowd/messaging.ts';
import * as projects from './crowd/projects.ts';
import * as publishing from './crowd/publishing.ts';
import type { Sql } from './database.ts';

/** In the order in which they refer to each other. */
const areas = [
  identity,
  projects,
  accounts,
  media,
  content,
  publishing,
  approvals,
  analytics,
  community,
  messaging,
  audit,
];
const steps: readonly CrowdStep[] = areas.flatMap(({ crowd }) => crowd);

/** Ids of the person who asks and of what is theirs. */
export interface Asking {
  readonly userId: string;
  readonly sessionId: string;
  readonly projectId: string;
  readonly accountId: string;
  readonly postId: string;
  readonly publicationId: string;
  readonly mediaId: string;
  readonly communityPostId: string;
  readonly commentId: string;
}

export async function fillCrowd(sql: Sql): Promise<Asking> {
  for (const step of steps) {
    if (typeof step === 'string') {
      await sql(step);
      continue;
    }
    const [table, trigger] = step.without;
    await sql(`alter table ${table} disable trigger ${trigger}`);
    await sql(step.text);
    await sql(`alter table ${table} enable trigger ${trigger}`);
  }
  await sql('analyze');
  const [row] =
    await sql(`select u.id as "userId", s.id as "sessionId", c.project_id as "projectId", pp.account_id as "accountId",
      pp.post_id as "postId", pp.id as "publicationId", m.id as "mediaId", cp.id as "communityPostId", co.id as "commentId"
    from users u join user_sessions s on s.user_id = u.id join project_collaborators c on c.user_id = u.id and c.role = 'owner'
    join post_publications pp on pp.project_id = c.project_id and pp.state = 'published'
    join media m on m.project_id = c.project_id
    join community_posts cp on cp.publication_id = pp.id and cp.visibility = 'public' join comments co on co.community_post_id = cp.id limit 1`);
  const id = (name: string) => String(row?.[name]);
  return {
    userId: id('userId'),
    sessionId: id('sessionId'),
    projectId: id('projectId'),
    accountId: id('accountId'),
    postId: id('postId'),
    publicationId: id('publicationId'),
    mediaId: id('mediaId'),
    communityPostId: id('communityPostId'),
    commentId: id('commentId'),
  };
}
