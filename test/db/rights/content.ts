import type { Sql } from '../database.ts';
import { type PolicyWorld, projectLabels } from '../policy-world.ts';
import { addRow } from '../seed.ts';
import { byWorker, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

const membersOnly = { outsiders: '', members: 'own' };
const workerAdds = { worker: 'own other' };

export const rights: RightsTable = {
  content: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'title = title',
    add: perProject(() => ({ title: 'x' })),
  },
  content_versions: { key: 'project_id', verbs: { select: membersOnly }, set: 'title = title' },
  content_templates: {
    key: 'project_id',
    verbs: { select: membersOnly, insert: writtenByWriters, update: writtenByWriters },
    set: 'name = name',
    add: perProject(() => ({ name: fresh(), type: 'post' })),
  },
  content_template_versions: {
    key: 'project_id',
    verbs: { select: membersOnly, insert: writtenByWriters, update: writtenByWriters },
    set: 'is_current = is_current',
    add: perProject(({ more }) => ({ template_id: more.get('templateId'), body: 'x' })),
  },
  template_platform_variations: {
    key: 'project_id',
    verbs: { select: membersOnly, insert: writtenByWriters },
    set: 'body = body',
    add: perProject(({ more }) => ({ version_id: more.get('templateVersionId'), platform: 'mastodon', body: 'x' })),
  },
  starter_templates: { key: "'some'", verbs: { select: { signedIn: 'some' } }, set: 'enabled = false' },
  content_category_links: {
    key: 'project_id',
    verbs: { select: membersOnly, insert: writtenByWriters, delete: writtenByWriters },
    set: 'category_id = category_id',
    add: perProject(({ more }) => ({
      content_id: more.get('spareContentId'),
      category_id: more.get('contentCategoryId'),
    })),
  },
  hashtags: {
    key: "'some'",
    verbs: { select: { worker: 'some', reporting: 'some' }, update: { worker: 'some' } },
    set: 'usage_count = usage_count',
  },
  hashtag_deltas: {
    key: "'some'",
    verbs: { select: { worker: 'some', reporting: 'some' }, delete: { worker: 'some' } },
    set: 'uses = uses',
  },
  content_hashtags: { key: 'project_id', verbs: { select: readByMembers }, set: 'tag = tag' },
  post_hashtags: { key: 'project_id', verbs: { select: readByMembers }, set: 'tag = tag' },
  post_mentions: { key: 'project_id', verbs: { select: readByMembers }, set: 'handle = handle' },
  community_hashtags: { key: "'some'", verbs: { select: { worker: 'some' } }, set: 'tag = tag' },
  niches: {
    key: "'some'",
    verbs: {
      select: { signedIn: 'some', worker: 'some' },
      insert: { worker: 'new' },
      update: { worker: 'some' },
      delete: { worker: 'some' },
    },
    set: 'score = score',
    add: () => ({ new: { slug: fresh(), name: 'x', tags: ['x'] } }),
  },
  ai_generation_tasks: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: { ...writtenByWriters, ...byWorker } },
    set: "state = 'cancelled'",
    add: perProject(() => ({ kind: 'ideas' })),
  },
  // People may take a task back, and nothing else.
  'ai_generation_tasks (kept)': {
    key: 'project_id',
    verbs: { update: { outsiders: '', readers: '', ...byWorker } },
    set: 'state = state',
  },
  ai_content_suggestions: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: workerAdds, update: writtenByWriters },
    set: 'decision = decision',
    add: perProject(({ more }) => ({ task_id: more.get('taskId'), kind: 'title', text: 'x' })),
  },
  idea_suggestions: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: { ...writtenByWriters, ...workerAdds }, update: writtenByWriters },
    set: 'decision = decision',
    add: perProject(() => ({ text: 'x' })),
  },
  hashtag_suggestions: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: workerAdds, update: writtenByWriters },
    set: 'decision = decision',
    add: perProject(() => ({ tag: 'x' })),
  },
};

export async function fill(sql: Sql, { projects, posts }: PolicyWorld): Promise<void> {
  for (const label of projectLabels) {
    const { projectId, postId, more } = projects[label];
    const project = { project_id: projectId };
    const contentId = await addRow(sql, 'content', { ...project, title: 'Plan', body: 'A #plan' });
    more.set('contentId', contentId);
    more.set('spareContentId', await addRow(sql, 'content', { ...project, title: 'Spare' }));
    const [template] = await sql(
      `with t as (insert into content_templates (project_id, name, type) values ($1, 'Launch', 'post') returning id, project_id)
       insert into content_template_versions (project_id, template_id, body) select project_id, id, 'Hello' from t returning id, template_id`,
      [projectId],
    );
    more.set('templateId', String(template?.template_id));
    more.set('templateVersionId', String(template?.id));
    const version = { ...project, version_id: template?.id };
    await addRow(sql, 'template_platform_variations', { ...version, platform: 'bluesky', body: 'Hi' });
    const categoryId = await addRow(sql, 'content_categories', { ...project, name: 'Plans' });
    more.set('contentCategoryId', categoryId);
    const link = { ...project, content_id: contentId, category_id: categoryId };
    await addRow(sql, 'content_category_links', link, 'content_id');
    await sql("update posts set text = 'Hello #launch, @ada' where id = $1", [postId]);
    const taskId = await addRow(sql, 'ai_generation_tasks', { ...project, content_id: contentId, kind: 'ideas' });
    more.set('taskId', taskId);
    const suggestion = { ...project, content_id: contentId, task_id: taskId };
    await addRow(sql, 'ai_content_suggestions', { ...suggestion, kind: 'title', text: 'Better' });
    await addRow(sql, 'idea_suggestions', { ...suggestion, text: 'More' });
    await addRow(sql, 'hashtag_suggestions', { ...suggestion, tag: 'more' });
    await addRow(sql, 'hashtag_suggestions', { ...project, post_id: postId, tag: 'more' });
  }
  await sql("update community_posts set text = 'Hello #public' where id = $1", [posts.public]);
}
