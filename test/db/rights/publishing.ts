import { addRow } from '../seed.ts';
import { byWorker, type Fill, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

export const rights: RightsTable = {
  posts: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'text = text',
    add: perProject(() => ({ schedule_type: 'draft' })),
  },
  post_publications: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: { ...writtenByWriters, ...byWorker } },
    set: 'text = text',
    add: perProject(({ postId, spareAccountId }) => ({
      post_id: postId,
      account_id: spareAccountId,
      platform: 'community',
    })),
  },
  post_media: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters },
    add: perProject(({ postId, mediaId }) => ({ post_id: postId, media_id: mediaId, position: 9 })),
  },
  publication_attempts: {
    key: 'project_id',
    verbs: {
      select: readByMembers,
      insert: { ...writtenByWriters, worker: 'own other forged' },
      update: byWorker,
    },
    set: 'message = message',
    add: (world, me) => {
      const rows = perProject(({ publicationId, accountId }) => {
        const attempt = { kind: 'resolve', generation: 1, lease_token: fresh() };
        return { publication_id: publicationId, account_id: accountId, ...attempt };
      })(world, me);
      return { ...rows, forged: { ...rows.own, kind: 'publish' } };
    },
  },
  post_variations: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'text = text',
    add: perProject(({ postId }) => ({ post_id: postId, variation_type: 'content', text: 'Hi' })),
  },
  'post_variations (numbers)': {
    key: 'project_id',
    verbs: { update: byWorker },
    set: 'performance_metrics = performance_metrics',
  },
  publishing_schedules: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'name = name',
    add: perProject(({ postId }) => ({ name: 'Daily', post_id: postId, wall_time: '2030-01-01T10:00' })),
  },
  'publishing_schedules (progress)': {
    key: 'project_id',
    verbs: { update: byWorker },
    set: 'retry_count = retry_count',
  },
  schedule_slots: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'minutes = minutes',
    add: perProject(({ accountId }) => ({ account_id: accountId, weekday: 1, local_time: '10:00' })),
  },
  schedule_occurrences: {
    key: 'project_id',
    verbs: {
      select: readByMembers,
      insert: { worker: 'own other' },
      update: { ...writtenByWriters, ...byWorker },
    },
    set: 'state = state',
    add: perProject(({ more }) => ({ schedule_id: more.get('schedule'), occurs_at: '2031-01-01T00:00:00Z' })),
  },
};

export const fill: Fill = async (sql, { projects }) => {
  for (const { projectId, postId, accountId, more } of Object.values(projects)) {
    const project = { project_id: projectId };
    await addRow(sql, 'post_variations', { ...project, post_id: postId, variation_type: 'content', text: 'Hi' });
    const schedule = {
      ...project,
      name: 'Weekly',
      post_id: postId,
      wall_time: '2030-01-01T10:00',
      rrule: 'FREQ=WEEKLY',
    };
    const scheduleId = await addRow(sql, 'publishing_schedules', schedule);
    more.set('schedule', scheduleId);
    await addRow(sql, 'schedule_occurrences', {
      ...project,
      schedule_id: scheduleId,
      occurs_at: '2030-01-01T10:00:00Z',
    });
    await addRow(sql, 'schedule_occurrences', {
      ...project,
      schedule_id: scheduleId,
      occurs_at: '2030-01-08T10:00:00Z',
      state: 'materialised',
      post_id: postId,
    });
    await addRow(sql, 'schedule_slots', { ...project, account_id: accountId, weekday: 2, local_time: '10:00' });
  }
};
