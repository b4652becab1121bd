/** Three projects with a row in every table, and people in every relation to the first of them. */
import { randomUUID } from 'node:crypto';
import type { Sql } from './database.ts';
import { fills } from './rights/all.ts';
import { members, type PersonName, people } from './rights/people.ts';
import {
  addAccount,
  addMedia,
  addMember,
  addPerson,
  addPost,
  addPublication,
  addRow,
  addTenant,
  type Someone,
} from './seed.ts';

/** `own` is the project that the members belong to, `other` somebody else's, `gone` one that was deleted. */
export const projectLabels = ['own', 'other', 'gone'] as const;
export type ProjectLabel = (typeof projectLabels)[number];

export interface ProjectRows {
  readonly projectId: string;
  readonly accountId: string;
  readonly spareAccountId: string;
  readonly postId: string;
  readonly publicationId: string;
  /** A publication without a community post. */
  readonly unpublishedId: string;
  readonly mediaId: string;
  /** Ids of what the areas' own fills have added, by name. */
  readonly more: Map<string, string>;
}

export interface PolicyWorld {
  readonly people: Readonly<Record<PersonName, Someone>>;
  readonly rival: Someone;
  readonly projects: Readonly<Record<ProjectLabel, ProjectRows>>;
  /** Community posts of `own` by visibility, `deleted`, `hidden`, those of `other` (`other-public`, `other-private`), and `gone-public`. */
  readonly posts: Readonly<Record<string, string>>;
  /** What stands for a row in the expectations, by its id. */
  readonly labels: Map<string, string>;
}

export async function buildPolicyWorld(sql: Sql): Promise<PolicyWorld> {
  const labels = new Map<string, string>();
  const rival = await addPerson(sql, 'rival');
  const named = {} as Record<PersonName, Someone>;
  for (const name of people) named[name] = await addPerson(sql, name);
  for (const role of ['moderator', 'admin'] as const)
    await sql('update users set role = $2 where id = $1', [named[role].userId, role]);
  for (const [name, person] of [...Object.entries(named), ['rival', rival] as const]) {
    labels.set(person.userId, name);
    await addRow(sql, 'email_verification_tokens', { user_id: person.userId, token_hash: randomUUID() });
  }
  const projects = {
    own: await fillProject(sql, named.owner),
    other: await fillProject(sql, rival),
    gone: await fillProject(sql, named.owner),
  };
  for (const label of projectLabels) labels.set(projects[label].projectId, label);
  for (const name of members) {
    if (name === 'owner') continue;
    for (const label of ['own', 'gone'] as const) {
      await addMember(sql, projects[label].projectId, named[name].userId, name);
    }
  }
  await sql('update projects set deleted_at = app.now() where id = $1', [projects.gone.projectId]);
  await addRow(
    sql,
    'platform_apps',
    { platform: 'mastodon', base_url: 'x', redirect_uri: 'u', client_id: 'c', client_secret_sealed: 's' },
    'platform',
  );
  await addRow(sql, 'idempotency_keys', { caller: named.owner.userId, route: 'r', key: 'k', body_hash: 'h' }, 'key');
  const posts = await fillCommunity(sql, { projects, named, rival, labels });
  const world = { people: named, rival, projects, posts, labels };
  for (const fill of fills) await fill(sql, world);
  return world;
}

async function fillProject(sql: Sql, owner: Someone): Promise<ProjectRows> {
  const tenant = await addTenant(sql, owner.userId);
  const { projectId, accountId } = tenant;
  const publicationId = await addPublication(sql, tenant, { state: 'published' });
  const unpublishedId = await addPublication(sql, tenant, { state: 'draft' });
  const mediaId = await addMedia(sql, projectId);
  const postId = await addPost(sql, projectId);
  const project = { project_id: projectId };
  const publication = { ...project, publication_id: publicationId, account_id: accountId };
  await addRow(sql, 'account_tokens', { ...project, account_id: accountId, access_token_sealed: 'x' }, 'account_id');
  await addRow(sql, 'oauth_states', {
    ...project,
    state_hash: randomUUID(),
    user_id: owner.userId,
    platform: 'mastodon',
    base_url: 'x',
    code_verifier_sealed: 'x',
  });
  await addRow(sql, 'post_media', { ...project, post_id: postId, media_id: mediaId, position: 0 });
  await addRow(sql, 'publication_attempts', {
    ...publication,
    kind: 'publish',
    generation: 1,
    lease_token: randomUUID(),
  });
  await addRow(sql, 'analytics', { ...publication, platform: 'community' });
  await addRow(sql, 'report_links', { ...project, post_id: postId, token_hash: randomUUID() });
  await addRow(sql, 'outbox_events', { ...project, kind: 'mail', payload: {} });
  const spareAccountId = await addAccount(sql, projectId);
  return { projectId, accountId, spareAccountId, postId, publicationId, unpublishedId, mediaId, more: new Map() };
}

interface Filling {
  readonly projects: Readonly<Record<ProjectLabel, ProjectRows>>;
  readonly named: Readonly<Record<PersonName, Someone>>;
  readonly rival: Someone;
  readonly labels: Map<string, string>;
}

async function fillCommunity(sql: Sql, { projects, named, rival, labels }: Filling): Promise<Record<string, string>> {
  const posts: Record<string, string> = {};
  const wanted = [
    ['public', 'own', 'public'],
    ['unlisted', 'own', 'unlisted'],
    ['followers', 'own', 'followers_only'],
    ['private', 'own', 'private'],
    ['deleted', 'own', 'public'],
    ['hidden', 'own', 'public'],
    ['gone-public', 'gone', 'public'],
    ['other-public', 'other', 'public'],
    ['other-private', 'other', 'private'],
  ] as const;
  for (const [name, project, visibility] of wanted) {
    const { projectId, accountId } = projects[project];
    const publicationId = await addPublication(sql, { projectId, accountId }, { state: 'published' });
    const row = { project_id: projectId, account_id: accountId, publication_id: publicationId, text: name, visibility };
    posts[name] = await addRow(sql, 'community_posts', {
      ...row,
      ...(name === 'deleted' && { deleted_at: new Date() }),
      ...(name === 'hidden' && { hidden_at: new Date() }),
    });
    labels.set(posts[name], name);
    const said = { community_post_id: posts[name], author_id: rival.userId, text: 'x' };
    labels.set(await addRow(sql, 'comments', said), `on-${name}`);
    await addRow(sql, 'user_engagement', { community_post_id: posts[name], user_id: rival.userId, type: 'save' });
  }
  for (const name of people) {
    const author = {
      community_post_id: posts.public,
      author_id: named[name].userId,
      text: 'x',
      deleted_at: new Date(),
    };
    labels.set(await addRow(sql, 'comments', author), `taken-back-by-${name}`);
    await addRow(sql, 'user_engagement', {
      community_post_id: posts.public,
      user_id: named[name].userId,
      type: 'save',
    });
  }
  return posts;
}
